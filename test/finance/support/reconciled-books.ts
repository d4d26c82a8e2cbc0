import { randomUUID } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import type { ReconciliationKind } from "../../../functions/finance/services/reconcile-payments.ts";
import { insertRow } from "../../db/support/insert-row.ts";
import type { Payment } from "../../local/asaas/wire.ts";
import type { Platform } from "../../support/platform.ts";
import type { AccountBooks, Provider } from "./open-account.ts";

const DAY_MS = 86_400_000;

/** The local date so many days from now; São Paulo has been three hours behind since 2019. */
export function dateIn(days: number): string {
  return new Date(Date.now() - 3 * 3_600_000 + days * DAY_MS).toISOString().slice(0, 10);
}

/** Stages a run as a schedule (`slot`), or something else, does. @returns the job's id. */
export async function stageRun(
  platform: Platform,
  { mentoradoId }: Pick<AccountBooks, "mentoradoId">,
  { kind = "recent", ...payload }: { kind?: ReconciliationKind; isGap?: boolean; slot?: string } = {},
): Promise<string> {
  const id = uuidv7();
  await insertRow(platform.database, "jobs", {
    id,
    mentorado_id: mentoradoId,
    worker_group: "finance",
    name: `finance.reconcile-${kind}`,
    dedup_key: id,
    payload,
    max_attempts: 12,
    request_id: `run-${id}`,
  });
  return id;
}

/** A whole run, with all that it stages. @returns the statuses of the jobs' answers. */
export async function reconcile(
  platform: Platform,
  books: Pick<AccountBooks, "mentoradoId" | "work">,
  run: Parameters<typeof stageRun>[2] = {},
): Promise<number[]> {
  await stageRun(platform, books, run);
  return books.work();
}

/** A call of the provider's API, with the account's key: as somebody does in the provider's own panel. */
export async function inPanel(
  provider: Provider,
  { apiKey }: Pick<AccountBooks, "apiKey">,
  method: string,
  path: string,
  body?: object,
): Promise<Response> {
  const response = await fetch(`${provider.asaas.url}/v3${path}`, {
    method,
    headers: { access_token: apiKey, "user-agent": "test", "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(await response.text());
  return response;
}

/** A payment that somebody makes in the provider's own panel. */
export async function madeByHand(provider: Provider, books: Pick<AccountBooks, "apiKey">, change: object = {}): Promise<Payment> {
  const customer = { name: "Ana Prado", cpfCnpj: "52998224725" };
  const { id } = (await (await inPanel(provider, books, "POST", "/customers", customer)).json()) as { id: string };
  const payment = { customer: id, billingType: "PIX", value: 100, dueDate: dateIn(0), ...change };
  return (await (await inPanel(provider, books, "POST", "/payments", payment)).json()) as Payment;
}

/** A charge that the provider knows, with its debt, put into both books at once. */
export interface Twin {
  id: string;
  externalId: string;
}

/** Many charges that both sides have, pending, of 100 reais. @param pattern a payment that the others are like. */
export async function makeTwins(
  platform: Platform,
  provider: Provider,
  { mentoradoId, studentId, apiKey }: Pick<AccountBooks, "mentoradoId" | "studentId" | "apiKey">,
  { count, pattern, dueDate = dateIn(0) }: { count: number; pattern: Payment; dueDate?: string },
): Promise<Twin[]> {
  const twins = Array.from({ length: count }, () => ({
    id: uuidv7(),
    externalId: `pay_${randomUUID().replaceAll("-", "").slice(0, 16)}`,
  }));
  provider.asaas.payments(apiKey).push(
    ...twins.map(({ id, externalId }) => ({
      ...structuredClone(pattern),
      id: externalId,
      externalReference: id,
      value: 100,
      dueDate,
    })),
  );
  await platform.database.query(
    `with made as (
       insert into charges (mentorado_id, id, student_id, billing_type, amount_cents, due_date, status, status_rank, provider_status, external_id)
       select $1, t.id, $2, 'pix', 10000, $5, 'pending', 10, 'PENDING', t.external_id
         from unnest($3::uuid[], $4::text[]) as t(id, external_id), set_config('app.actor_type', 'system', true)
       returning id)
     select count(*) from made`,
    [mentoradoId, studentId, twins.map(({ id }) => id), twins.map(({ externalId }) => externalId), dueDate],
  );
  await platform.database.query(
    `select guilda.post_entry($1, gen_random_uuid(), id, 'charge', 'charge', 'job:test', null, now(), '{"receivable": 10000, "revenue": -10000}')
       from charges, set_config('app.actor_type', 'system', true) where mentorado_id = $1 and id = any($2::uuid[])`,
    [mentoradoId, twins.map(({ id }) => id)],
  );
  return twins;
}

/** What has moved of each charge: `receipt cash 9801`, sorted; without what says when, and who told. */
export async function moneyOf(platform: Platform, chargeIds: readonly string[]): Promise<string[][]> {
  const rows = await platform.database.query<{ charge_id: string; line: string }>(
    `select e.charge_id, concat_ws(' ', regexp_replace(e.movement, '^refund:[^.]*[.][0-9]+Z', 'refund'), l.account, l.amount_cents) as line
       from ledger_entries e join ledger_lines l on l.mentorado_id = e.mentorado_id and l.entry_id = e.id
      where e.charge_id = any($1::uuid[]) order by 2`,
    [chargeIds],
  );
  return chargeIds.map((id) => rows.filter(({ charge_id }) => charge_id === id).map(({ line }) => line));
}

/** Balances of a charge by account, zeros left out. */
export async function balancesOf(platform: Platform, chargeId: string): Promise<Record<string, number>> {
  const rows = await platform.database.query<{ account: string; cents: number }>(
    `select l.account, sum(l.amount_cents)::int as cents from ledger_entries e
       join ledger_lines l on l.mentorado_id = e.mentorado_id and l.entry_id = e.id
      where e.charge_id = $1 group by 1 having sum(l.amount_cents) <> 0`,
    [chargeId],
  );
  return Object.fromEntries(rows.map(({ account, cents }) => [account, cents]));
}

/** Requests that jobs and people of this practice have made to the provider. */
export function requestsOf(platform: Platform, { mentoradoId }: Pick<AccountBooks, "mentoradoId">): number {
  return platform.logs().filter((line) => line.event === "provider.called" && line.mentoradoId === mentoradoId).length;
}
