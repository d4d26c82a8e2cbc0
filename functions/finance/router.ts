import { mentoradoProcedure, router } from "../../shared/trpc/procedures.ts";
import { noInput, saveAccountInput } from "./accounts/account-schemas.ts";
import {
  billEnrollmentInput,
  grantCashbackInput,
  listChargesInput,
  listOperationsInput,
  listSubscriptionsInput,
  receiveInCashInput,
  refundChargeInput,
  requestChargeInput,
  requestSubscriptionInput,
  writeOffInput,
} from "./charges/charge-schemas.ts";
import {
  listOptOutsInput,
  listRemindersInput,
  setOptOutInput,
  setPolicyInput,
  simulateInput,
} from "./dunning/dunning-schemas.ts";
import {
  listConflictsInput,
  listEventsInput,
  replayEventsInput,
  resolveConflictInput,
  startReconciliationInput,
} from "./events/sync-schemas.ts";
import { exportLedgerInput, ledgerBalancesInput, listLedgerInput } from "./ledger/ledger-schemas.ts";
import { metricRowsInput, monthInput } from "./metrics/metrics-schemas.ts";
import { byId } from "./schemas.ts";
import { disableAccount } from "./services/disable-account.ts";
import { exportLedger } from "./services/export-ledger.ts";
import { getAccount } from "./services/get-account.ts";
import { getBalances } from "./services/get-balances.ts";
import { getCharge } from "./services/get-charge.ts";
import { getDueCalendar } from "./services/get-due-calendar.ts";
import { getDunningPolicy } from "./services/get-dunning-policy.ts";
import { getMoneyMetrics } from "./services/get-money-metrics.ts";
import { getPixQr } from "./services/get-pix-qr.ts";
import { grantCashback } from "./services/grant-cashback.ts";
import { listCharges } from "./services/list-charges.ts";
import { listConflicts } from "./services/list-conflicts.ts";
import { listEvents } from "./services/list-events.ts";
import { listLedger } from "./services/list-ledger.ts";
import { listMetricRows } from "./services/list-metric-rows.ts";
import { listOperations } from "./services/list-operations.ts";
import { listOptOuts } from "./services/list-opt-outs.ts";
import { listReminders } from "./services/list-reminders.ts";
import { listSubscriptions } from "./services/list-subscriptions.ts";
import { getReconciliation, startReconciliation } from "./services/reconciliation.ts";
import { replayEvents } from "./services/replay-events.ts";
import { requestBilling } from "./services/request-billing.ts";
import { requestCharge } from "./services/request-charge.ts";
import { requestOperation } from "./services/request-operation.ts";
import { requestRefresh } from "./services/request-refresh.ts";
import { requestSubscription } from "./services/request-subscription.ts";
import { requestSubscriptionEnd } from "./services/request-subscription-end.ts";
import { resolveConflict } from "./services/resolve-conflict.ts";
import { type AccountAccess, saveAccount } from "./services/save-account.ts";
import { setDunningPolicy } from "./services/set-dunning-policy.ts";
import { setOptOut } from "./services/set-opt-out.ts";
import { simulateDunning } from "./services/simulate-dunning.ts";
import { testAccount } from "./services/test-account.ts";
import { undoEntry } from "./services/undo-entry.ts";
import { verifyLedger } from "./services/verify-ledger.ts";
import { writeOffCharge } from "./services/write-off-charge.ts";

/** @param access opens accounts at the provider and encrypts their keys. */
export function createFinanceRouter(access: AccountAccess) {
  return router({
    financial: {
      account: {
        status: mentoradoProcedure("finance.read").query(getAccount),
        save: mentoradoProcedure("finance.manage")
          .input(saveAccountInput)
          .mutation((call) => saveAccount({ ...call, access })),
        test: mentoradoProcedure("finance.manage")
          .input(noInput)
          .mutation(({ ctx }) => testAccount({ ctx, access })),
        disable: mentoradoProcedure("finance.manage").input(noInput).mutation(disableAccount),
      },
      charges: {
        list: mentoradoProcedure("finance.read").input(listChargesInput).query(listCharges),
        getById: mentoradoProcedure("finance.read").input(byId).query(getCharge),
        operations: mentoradoProcedure("finance.read").input(listOperationsInput).query(listOperations),
        pixQr: mentoradoProcedure("finance.read").input(byId).query(getPixQr),
        create: mentoradoProcedure("finance.write").input(requestChargeInput).mutation(requestCharge),
        refresh: mentoradoProcedure("finance.write").input(byId).mutation(requestRefresh),
        cancel: mentoradoProcedure("finance.write")
          .input(byId)
          .mutation(({ ctx, input: { id } }) => requestOperation({ ctx, input: { id, operation: { kind: "cancel" } } })),
        refund: mentoradoProcedure("finance.manage")
          .input(refundChargeInput)
          .mutation(({ ctx, input: { id, amountCents } }) =>
            requestOperation({ ctx, input: { id, operation: { kind: "refund", amountCents } } }),
          ),
        receiveInCash: mentoradoProcedure("finance.write")
          .input(receiveInCashInput)
          .mutation(({ ctx, input: { id, ...terms } }) =>
            requestOperation({ ctx, input: { id, operation: { kind: "receive_in_cash", ...terms } } }),
          ),
        undoReceiveInCash: mentoradoProcedure("finance.write")
          .input(byId)
          .mutation(({ ctx, input: { id } }) =>
            requestOperation({ ctx, input: { id, operation: { kind: "undo_receive_in_cash" } } }),
          ),
        writeOff: mentoradoProcedure("finance.manage").input(writeOffInput).mutation(writeOffCharge),
        grantCashback: mentoradoProcedure("finance.manage").input(grantCashbackInput).mutation(grantCashback),
      },
      enrollments: {
        bill: mentoradoProcedure("finance.write").input(billEnrollmentInput).mutation(requestBilling),
      },
      subscriptions: {
        list: mentoradoProcedure("finance.read").input(listSubscriptionsInput).query(listSubscriptions),
        create: mentoradoProcedure("finance.write").input(requestSubscriptionInput).mutation(requestSubscription),
        cancel: mentoradoProcedure("finance.write").input(byId).mutation(requestSubscriptionEnd),
      },
      events: {
        list: mentoradoProcedure("finance.read").input(listEventsInput).query(listEvents),
        replay: mentoradoProcedure("finance.manage").input(replayEventsInput).mutation(replayEvents),
      },
      conflicts: {
        list: mentoradoProcedure("finance.read").input(listConflictsInput).query(listConflicts),
        resolve: mentoradoProcedure("finance.manage").input(resolveConflictInput).mutation(resolveConflict),
      },
      reconciliation: {
        status: mentoradoProcedure("finance.read").query(getReconciliation),
        start: mentoradoProcedure("finance.write").input(startReconciliationInput).mutation(startReconciliation),
      },
      metrics: mentoradoProcedure("finance.read").input(monthInput).query(getMoneyMetrics),
      dueCalendar: mentoradoProcedure("finance.read").input(monthInput).query(getDueCalendar),
      metricRows: mentoradoProcedure("finance.read").input(metricRowsInput).query(listMetricRows),
      dunning: {
        getPolicy: mentoradoProcedure("finance.read").query(getDunningPolicy),
        setPolicy: mentoradoProcedure("finance.manage").input(setPolicyInput).mutation(setDunningPolicy),
        optOuts: mentoradoProcedure("finance.read").input(listOptOutsInput).query(listOptOuts),
        setOptOut: mentoradoProcedure("finance.write").input(setOptOutInput).mutation(setOptOut),
        simulate: mentoradoProcedure("finance.read").input(simulateInput).query(simulateDunning),
        reminders: mentoradoProcedure("finance.read").input(listRemindersInput).query(listReminders),
      },
      ledger: {
        list: mentoradoProcedure("finance.read").input(listLedgerInput).query(listLedger),
        balances: mentoradoProcedure("finance.read").input(ledgerBalancesInput).query(getBalances),
        verify: mentoradoProcedure("finance.read").query(verifyLedger),
        export: mentoradoProcedure("finance.read").input(exportLedgerInput).query(exportLedger),
        undo: mentoradoProcedure("finance.manage").input(byId).mutation(undoEntry),
      },
    },
  });
}
