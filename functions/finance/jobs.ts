import type { JobHandlers } from "../../shared/jobs/serve-jobs.ts";
import { adoptPayment } from "./services/adopt-payment.ts";
import { billDueInstallments } from "./services/bill-due-installments.ts";
import { billEnrollment } from "./services/bill-enrollment.ts";
import { cancelSubscription } from "./services/cancel-subscription.ts";
import { checkWebhooks } from "./services/check-webhooks.ts";
import { createCharge } from "./services/create-charge.ts";
import { createSubscription } from "./services/create-subscription.ts";
import { operateCharge } from "./services/operate-charge.ts";
import { processAsaasEvent } from "./services/process-asaas-event.ts";
import { readPayment } from "./services/read-payment.ts";
import { reconcilePayments } from "./services/reconcile-payments.ts";
import { refreshCharge } from "./services/refresh-charge.ts";
import { type AccountAccess, registerWebhook } from "./services/register-webhook.ts";
import { remindDueCharges } from "./services/remind-due-charges.ts";
import { removeWebhook } from "./services/remove-webhook.ts";

/**
 * @param access opens accounts at the provider.
 * @param publicUrl where the provider reaches us, without a trailing slash.
 */
export function createFinanceJobs({ access, publicUrl }: { access: AccountAccess; publicUrl: string }): JobHandlers<"finance"> {
  return {
    "finance.create-charge": (call) => createCharge({ ...call, access }),
    "finance.operate-charge": (call) => operateCharge({ ...call, access }),
    "finance.refresh-charge": (call) => refreshCharge({ ...call, access }),
    "finance.bill-enrollment": billEnrollment,
    "finance.bill-due-installments": billDueInstallments,
    "finance.create-subscription": (call) => createSubscription({ ...call, access }),
    "finance.cancel-subscription": (call) => cancelSubscription({ ...call, access }),
    "finance.process-asaas-event": (call) =>
      processAsaasEvent({ ...call, dependencies: { readPayment: (payment) => readPayment({ ...payment, access }) } }),
    "finance.adopt-payment": (call) => adoptPayment({ ...call, access }),
    "finance.reconcile-recent": (call) => reconcilePayments({ ...call, kind: "recent", access }),
    "finance.reconcile-full": (call) => reconcilePayments({ ...call, kind: "full", access }),
    "finance.remind-due-charges": remindDueCharges,
    "finance.register-webhook": ({ ctx }) => registerWebhook({ ctx, access, publicUrl }),
    "finance.remove-webhook": ({ ctx }) => removeWebhook({ ctx, access, publicUrl }),
    "finance.check-webhooks": (call) => checkWebhooks({ ...call, access, publicUrl }),
  };
}
