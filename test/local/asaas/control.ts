import { randomUUID } from "node:crypto";
import type { WireAnswer } from "../http-server.ts";
import { isApiKey } from "./api.ts";
import type { Call } from "./call.ts";
import { type ChargebackStep, dispute } from "./chargebacks.ts";
import type { Announcement, EventQueues } from "./event-queues.ts";
import { type PayStep, type PayVia, pay } from "./money-moves.ts";
import type { PaymentCall } from "./payment-state.ts";
import { type RefundOutcome, settleRefund } from "./refunds.ts";
import { passCycle, type SubscriptionCall } from "./subscription-cycle.ts";
import type { Account, Payment, PaymentEvent, PaymentStatus } from "./wire.ts";

/**
 * What happens at Asaas without a call of ours: accounts are opened, payers pay, banks dispute, months pass. What is impossible throws.
 * The same over HTTP, where a `/local` path is named.
 */
export interface Control {
  /**
   * @param apiKey `$aact_hmlg_…` (sandbox) or `$aact_prod_…`; a key that is known gives its account back.
   * @param pixKey with one, PIX codes outlive the day.
   * @param balanceCents money in the account; refunds need it.
   */
  createAccount(input: { apiKey: string; name?: string; pixKey?: string; balanceCents?: number }): { id: string };
  /**
   * Also `PUT /local/account {requestLimit?, holdsRefunds?}` with the account's `access_token`.
   *
   * @param requestLimit requests in one window, of which those of the window that runs already count.
   * @param holdsRefunds refunds wait in REFUND_IN_PROGRESS for `settleRefund`.
   */
  adjustAccount(input: { apiKey: string; requestLimit?: number; holdsRefunds?: boolean }): void;
  /** @returns the account's charges, oldest first, deleted ones too. */
  payments(apiKey: string): Payment[];
  /** What a payer does; also `POST /local/payments/{id}/pay {via, through?}`. */
  pay(input: { paymentId: string; via: PayVia; through?: PayStep[] }): Payment;
  /** A step of a card's chargeback; also `POST /local/payments/{id}/dispute {step}`. */
  dispute(input: { paymentId: string; step: ChargebackStep }): Payment;
  /** The bank's answer to a refund in progress; also `POST /local/payments/{id}/settle-refund {outcome}`. */
  settleRefund(input: { paymentId: string; outcome: RefundOutcome }): Payment;
  /**
   * The time comes to make a subscription's next charge; also `POST /local/subscriptions/{id}/cycle`.
   *
   * @returns undefined when none is made: it is not active, or has come to its end and is EXPIRED now.
   */
  passCycle(input: { subscriptionId: string }): Payment | undefined;
  /** Moves a charge to any status and announces it, for what nothing else here does: dunning, risk analysis. */
  move(input: { paymentId: string; status: PaymentStatus; event: PaymentEvent }): Payment;
  /** Announces anything, true or not, and changes nothing. */
  emit(input: Announcement & { apiKey: string }): void;
}

/** Finds what a control is about, wherever it is kept. */
export interface Finder {
  account(apiKey: string | undefined): Account | undefined;
  aboutPayment(id: string): PaymentCall | undefined;
  aboutSubscription(id: string): SubscriptionCall | undefined;
}

export function createFinder({
  accounts,
  context,
}: {
  accounts: Account[];
  context: () => Omit<Call, "account" | "id" | "query" | "body">;
}): Finder {
  const about = (account: Account, id: string): Call => ({ ...context(), account, id, query: new URLSearchParams(), body: {} });
  return {
    account: (apiKey) => accounts.find((each) => each.apiKey === apiKey),
    aboutPayment(id) {
      for (const account of accounts) {
        const payment = account.payments.find((each) => each.id === id);
        if (payment !== undefined) return { ...about(account, id), payment };
      }
      return undefined;
    },
    aboutSubscription(id) {
      for (const account of accounts) {
        const subscription = account.subscriptions.find((each) => each.id === id);
        if (subscription !== undefined) return { ...about(account, id), subscription };
      }
      return undefined;
    },
  };
}

export function createControl({
  accounts,
  queues,
  find,
  save,
}: {
  accounts: Account[];
  queues: EventQueues;
  find: Finder;
  save: () => void;
}): Control {
  const accountOf = (apiKey: string): Account => known(find.account(apiKey), "account with this API key");

  function change(paymentId: string, act: (call: PaymentCall) => WireAnswer): Payment {
    const call = known(find.aboutPayment(paymentId), `charge ${paymentId}`);
    const answer = act(call);
    if (answer.status !== 200) throw new Error(String(answer.body));
    save();
    return call.payment;
  }

  return {
    createAccount({ apiKey, name = "Guilda Mentoria", pixKey, balanceCents = 100_000 }) {
      if (!isApiKey(apiKey)) throw new Error("an Asaas API key begins with $aact_hmlg_ or $aact_prod_");
      const there = find.account(apiKey);
      if (there !== undefined) return { id: there.id };
      const account = newAccount({ apiKey, name, pixKey: pixKey ?? null, balanceCents });
      accounts.push(account);
      save();
      return { id: account.id };
    },
    adjustAccount({ apiKey, ...knobs }) {
      Object.assign(accountOf(apiKey), knobs);
      save();
    },
    payments: (apiKey) => accountOf(apiKey).payments,
    pay: ({ paymentId, via, through }) => change(paymentId, (call) => pay({ call, via, through })),
    dispute: ({ paymentId, step }) => change(paymentId, (call) => dispute(call, step)),
    settleRefund: ({ paymentId, outcome }) => change(paymentId, (call) => settleRefund(call, outcome)),
    passCycle({ subscriptionId }) {
      const payment = passCycle(known(find.aboutSubscription(subscriptionId), `subscription ${subscriptionId}`));
      save();
      return payment;
    },
    move({ paymentId, status, event }) {
      const { account, payment } = known(find.aboutPayment(paymentId), `charge ${paymentId}`);
      payment.status = status;
      queues.publish({ account, event, payment });
      return payment;
    },
    emit: ({ apiKey, ...announcement }) => queues.publish({ account: accountOf(apiKey), ...announcement }),
  };
}

function known<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`no such ${what}`);
  return value;
}

function newAccount(input: Pick<Account, "apiKey" | "name" | "pixKey" | "balanceCents">): Account {
  const empty = { customers: [], payments: [], subscriptions: [], webhooks: [] };
  return { id: randomUUID(), ...input, ...empty, rateWindow: { startedAtMs: 0, used: 0 } };
}
