import { randomUUID } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { openFinance } from "../../../functions/finance/open-finance.ts";
import { createKeyring, encrypt } from "../../../shared/db/sensitive.ts";
import { insertRow } from "../../db/support/insert-row.ts";
import type { Payment } from "../../local/asaas/wire.ts";
import { type Asaas, startAsaas } from "../../local/asaas.ts";
import { serve } from "../../local/http-server.ts";
import type { Platform } from "../../support/platform.ts";
import { deliver, type EventBody } from "./asaas-events.ts";
import { type Books, type FinanceClient, openBooks } from "./open-books.ts";

const TAX_ID = "52998224725";
const AUTH_TOKEN = "a-token-of-at-least-thirty-two-characters";
/** More than any job waits between two attempts at a quiet provider. */
const MAX_ROUNDS = 40;

/** A practice with an account at the provider and a student whom the provider takes. */
export interface AccountBooks extends Books {
  apiKey: string;
  finance: FinanceClient;
  /** The same owner with an idempotency key. */
  keyed(idempotencyKey: string): FinanceClient;
  /** What the provider has, oldest first. */
  payments(): Payment[];
  paymentOf(chargeId: string): Payment | undefined;
  /** Rings every job whose time has come until none is left. @returns the statuses of the answers. */
  work(): Promise<number[]>;
  /** Lets the wait of each job pass, the time that an effect takes to settle, and that for which a circuit stays open. */
  letTimePass(): Promise<void>;
  /** Lets time pass and rings until nothing is pending. */
  workOff(): Promise<void>;
  /** What the provider has announced since the last call reaches the inbox and is processed, in order. */
  hearEvents(): Promise<string[]>;
}

/** Asaas, with one receiver for the webhooks of all its accounts. */
export interface Provider {
  asaas: Asaas;
  /** Registers a webhook of the account. @returns what has been announced to it and not been taken yet. */
  listen(apiKey: string): Promise<EventBody[]>;
  close(): Promise<void>;
}

/** @param moreEvents what the receiver is told beside the events of payments. */
export async function startProvider(moreEvents: readonly string[] = []): Promise<Provider> {
  const asaas = await startAsaas();
  const inboxes = new Map<string, EventBody[]>();
  const receiver = await serve({
    handle: async ({ path, body }) => {
      inboxes.get(path.slice(1))?.push(JSON.parse(body.toString()) as EventBody);
      return { status: 200 };
    },
  });
  return {
    asaas,
    async listen(apiKey) {
      const name = randomUUID();
      const inbox: EventBody[] = [];
      inboxes.set(name, inbox);
      const settings = { name, authToken: AUTH_TOKEN, sendType: "SEQUENTIALLY", events: [...EVENTS, ...moreEvents] };
      const response = await fetch(`${asaas.url}/v3/webhooks`, {
        method: "POST",
        headers: { access_token: apiKey, "user-agent": "test", "content-type": "application/json" },
        body: JSON.stringify({ ...settings, url: `${receiver.url}/${name}` }),
      });
      if (!response.ok) throw new Error(`no webhook: ${await response.text()}`);
      return inbox;
    },
    async close() {
      await asaas.close();
      await receiver.close();
    },
  };
}

/** Jobs reach the provider when finance is mounted with its URL. */
export async function openAccount(
  platform: Platform,
  provider: Provider,
  options: { timezone?: string; pixKey?: string; withAccount?: boolean } = {},
): Promise<AccountBooks> {
  const { timezone, pixKey, withAccount = true } = options;
  const { asaas } = provider;
  const books = await openBooks(platform, timezone === undefined ? {} : { timezone });
  const { mentoradoId, studentId } = books;
  const { query } = platform.database;
  const apiKey = `$aact_hmlg_${randomUUID()}`;
  asaas.createAccount({ apiKey, balanceCents: 10_000_000, ...(pixKey === undefined ? {} : { pixKey }) });
  const keyring = await createKeyring(platform.env.ENCRYPTION_KEY ?? "")();
  const sealed = await encrypt({
    keyring,
    plaintext: TAX_ID,
    place: { column: "students.tax_id", mentoradoId, rowId: studentId },
  });
  await query(
    `update students set tax_id_encrypted = $2::bytea, tax_id_key_version = $3 from set_config('app.actor_type', 'system', true) where id = $1`,
    [studentId, hex(sealed.ciphertext), sealed.keyVersion],
  );
  if (withAccount) {
    const id = uuidv7();
    const key = await encrypt({
      keyring,
      plaintext: apiKey,
      place: { column: "provider_accounts.api_key", mentoradoId, rowId: id },
    });
    await insertRow(platform.database, "provider_accounts", {
      mentorado_id: mentoradoId,
      id,
      provider: "asaas",
      account_ref: `account-${mentoradoId}`,
      api_key_encrypted: hex(key.ciphertext),
      api_key_key_version: key.keyVersion,
      api_key_last4: apiKey.slice(-4),
      webhook_token_digest: "\\x00",
    });
  }
  const owner = await platform.createMember({ mentoradoId, role: "owner" });
  const { router } = openFinance(platform.env);
  const client = (headers: { idempotencyKey?: string }) =>
    platform.client({ router, kernel: books.practice.kernel, caller: platform.caller(owner, headers) });
  const heard = await provider.listen(apiKey);

  async function work(): Promise<number[]> {
    const statuses: number[] = [];
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const due = await query<{ id: string }>(
        "select id from jobs where mentorado_id = $1 and status = 'pending' and run_at <= now() order by created_at, id",
        [mentoradoId],
      );
      if (due.length === 0) return statuses;
      for (const { id } of due) statuses.push((await platform.ring(id)).status);
    }
    throw new Error("the jobs do not come to an end");
  }
  async function letTimePass(): Promise<void> {
    await platform.redis.flush();
    await query("update effects set updated_at = updated_at - interval '1 hour' where mentorado_id = $1", [mentoradoId]);
    await query("update jobs set run_at = least(run_at, now()) where mentorado_id = $1", [mentoradoId]);
  }
  return {
    ...books,
    apiKey,
    finance: client({}),
    keyed: (idempotencyKey) => client({ idempotencyKey }),
    payments: () => asaas.payments(apiKey),
    paymentOf: (chargeId) => asaas.payments(apiKey).find(({ externalReference }) => externalReference === chargeId),
    work,
    letTimePass,
    async workOff() {
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        await letTimePass();
        if ((await work()).length === 0) return;
      }
      throw new Error("the jobs do not come to an end");
    },
    async hearEvents() {
      await asaas.idle();
      const bodies = heard.splice(0);
      for (const body of bodies) await deliver(platform, mentoradoId, body);
      return bodies.map(({ event }) => event);
    },
  };
}

const EVENTS = [
  "PAYMENT_CREATED",
  "PAYMENT_UPDATED",
  "PAYMENT_CONFIRMED",
  "PAYMENT_RECEIVED",
  "PAYMENT_OVERDUE",
  "PAYMENT_DELETED",
  "PAYMENT_RESTORED",
  "PAYMENT_REFUNDED",
  "PAYMENT_PARTIALLY_REFUNDED",
  "PAYMENT_REFUND_IN_PROGRESS",
  "PAYMENT_RECEIVED_IN_CASH_UNDONE",
];

function hex(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes).toString("hex")}`;
}
