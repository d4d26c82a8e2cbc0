import { randomUUID } from "node:crypto";
import type { WireAnswer, WireRequest } from "../http-server.ts";
import { isApiKey } from "./api.ts";
import type { Call } from "./call.ts";
import type { EventQueues } from "./event-queues.ts";
import { type PayStep, type PayVia, pay } from "./money-moves.ts";
import type { PaymentCall } from "./payments.ts";
import { type Account, notFound, type Payment, type PaymentEvent, type PaymentStatus, refuse } from "./wire.ts";

/** What happens at Asaas without a call of ours: accounts are opened, payers pay, banks dispute. */
export interface Control {
  /**
   * @param apiKey `$aact_hmlg_…` (sandbox) or `$aact_prod_…`; a key that is known gives its account back.
   * @param pixKey with one, PIX codes outlive the day.
   * @param balanceCents money in the account; refunds need it.
   */
  createAccount(input: { apiKey: string; name?: string; pixKey?: string; balanceCents?: number }): { id: string };
  /** @returns the account's charges, oldest first, deleted ones too. */
  payments(apiKey: string): Payment[];
  /** What a payer does; also `POST /local/payments/{id}/pay {via, through?}`. @throws Error when it cannot be paid. */
  pay(input: { paymentId: string; via: PayVia; through?: PayStep[] }): Payment;
  /** Moves a charge to any status and announces it, for what no call of the API does: chargebacks, dunning, risk analysis. */
  move(input: { paymentId: string; status: PaymentStatus; event: PaymentEvent }): Payment;
  /** Announces anything, true or not, and changes nothing. */
  emit(input: { apiKey: string; event: PaymentEvent; payment: Payment }): void;
}

export function createControl({
  accounts,
  queues,
  context,
  save,
}: {
  accounts: Account[];
  queues: EventQueues;
  context: () => Omit<Call, "account" | "id" | "query" | "body">;
  save: () => void;
}): Control & { answerPayer: (request: WireRequest) => WireAnswer | undefined } {
  function callAbout(paymentId: string): PaymentCall | undefined {
    for (const account of accounts) {
      const payment = account.payments.find(({ id }) => id === paymentId);
      if (payment === undefined) continue;
      return { ...context(), account, payment, id: paymentId, query: new URLSearchParams(), body: {} };
    }
    return undefined;
  }

  function knownCall(paymentId: string): PaymentCall {
    const call = callAbout(paymentId);
    if (call === undefined) throw new Error(`no such charge: ${paymentId}`);
    return call;
  }

  function accountOf(apiKey: string): Account {
    const account = accounts.find((each) => each.apiKey === apiKey);
    if (account === undefined) throw new Error("no account has this API key");
    return account;
  }

  return {
    createAccount({ apiKey, name = "Guilda Mentoria", pixKey, balanceCents = 100_000 }) {
      if (!isApiKey(apiKey)) throw new Error("an Asaas API key begins with $aact_hmlg_ or $aact_prod_");
      const known = accounts.find((each) => each.apiKey === apiKey);
      if (known !== undefined) return { id: known.id };
      const account = newAccount({ apiKey, name, pixKey: pixKey ?? null, balanceCents });
      accounts.push(account);
      save();
      return { id: account.id };
    },
    payments: (apiKey) => accountOf(apiKey).payments,
    pay({ paymentId, via, through }) {
      const call = knownCall(paymentId);
      const answer = pay({ call, via, through });
      if (answer.status !== 200) throw new Error(String(answer.body));
      return call.payment;
    },
    move({ paymentId, status, event }) {
      const { account, payment } = knownCall(paymentId);
      payment.status = status;
      queues.publish({ account, event, payment });
      return payment;
    },
    emit: ({ apiKey, event, payment }) => queues.publish({ account: accountOf(apiKey), event, payment }),
    answerPayer({ method, path, body }) {
      const [, paymentId] = /^\/local\/payments\/([^/]+)\/pay$/.exec(path) ?? [];
      if (paymentId === undefined || method !== "POST") return undefined;
      const call = callAbout(paymentId);
      if (call === undefined) return notFound("Cobrança");
      const { via, through } = JSON.parse(body.toString()) as { via: PayVia; through?: PayStep[] };
      if (!["pix", "boleto", "card"].includes(via))
        return refuse(400, { code: "invalid_via", description: "pix, boleto ou card" });
      return pay({ call, via, through });
    },
  };
}

function newAccount(input: Pick<Account, "apiKey" | "name" | "pixKey" | "balanceCents">): Account {
  return { id: randomUUID(), ...input, customers: [], payments: [], webhooks: [], rateWindow: { startedAtMs: 0, used: 0 } };
}
