import type { ChargeStatus } from "../../../shared/db/schema/money.ts";
import type { PayloadOf } from "../../../shared/jobs/catalog.ts";

/** What a person decides on a charge, and a job carries out at the provider. */
export type ChargeOperation = PayloadOf<"finance.operate-charge">["operation"];

interface Rule {
  /** The statuses in which a charge may be asked for it. */
  from: readonly ChargeStatus[];
  /** Of the refusal in any other. */
  errorCode: string;
  /** Whether the charge must, or must not, have been paid past the provider; either way when left out. */
  isCash?: boolean;
}

/**
 * Which charge may be asked for what. The provider has the last word: a charge may be paid while it is being cancelled, and then the
 * job ends dead and says so.
 */
export const OPERATION_RULES: Record<ChargeOperation["kind"], Rule> = {
  cancel: { from: ["draft", "pending", "overdue"], errorCode: "CHARGE_NOT_CANCELLABLE" },
  refund: { from: ["confirmed", "received"], errorCode: "CHARGE_NOT_REFUNDABLE", isCash: false },
  receive_in_cash: { from: ["pending", "overdue"], errorCode: "CHARGE_NOT_OPEN" },
  undo_receive_in_cash: { from: ["received"], errorCode: "CHARGE_NOT_RECEIVED_IN_CASH", isCash: true },
};

/** The provider's own status of a charge that was paid past it. */
export const RECEIVED_IN_CASH = "RECEIVED_IN_CASH";
