import type { Asaas } from "../../local/asaas.ts";
import type { TestDatabase } from "../../support/database.ts";

/** What somebody outside asks of the platform. Nobody waits for the answer of a `sweep`: the clock comes again in any case. */
export type Operation = "event" | "conversion" | "tick" | "job" | "sweep";

/**
 * One attempt of one sender. `ok`: it was told that the work is taken over; `info`: it does not know, and asks again; an attempt begins
 * as `invoke`.
 */
export interface Attempt {
  operation: Operation;
  /** What is one and the same however often it is asked for: an event id, a message id. */
  key: string;
  type: "invoke" | "ok" | "info";
}

/** What the senders of one scenario have seen. */
export interface History {
  attempts: Attempt[];
}

/** Whose scenario it was, and what must have come of it. */
export interface Scene {
  mentoradoId: string;
  apiKey: string;
  /** Events of the programme, which belong to no mentorado. */
  programmeEvents: readonly string[];
  /** What must be there exactly once, when somebody was told so. */
  expects: Expectation;
  /** Whether all else is as it must be; left out where there is nothing else. */
  holds?: () => Promise<boolean>;
}

export interface Expectation {
  /** Of the only charge; null where there is none. */
  status: "pending" | "received" | null;
  receipts: 0 | 1;
  /** Entries that book the debt, payments and customers at the provider: made by the same job. */
  billed: 0 | 1;
  reminders: 0 | 1;
  /** Events that must have been applied to the charge, and jobs that must have followed from what was sent. */
  events: number;
  jobs: number;
}

/** How far the end of a scenario is from what it must be. All zero: nothing went wrong. */
export interface Verdict {
  /** Acknowledged, and its effect is not there. */
  lost: number;
  /** There more than once. */
  doubled: number;
  /** Jobs that are neither done nor dead, effects that are not confirmed, senders that were never told. */
  unfinished: number;
  dead: number;
  /** Ledger entries whose lines do not sum to zero. */
  unbalanced: number;
  /** Rows that disagree: with the provider, or with the status that the events lead to. */
  astray: number;
}

export const FLAWLESS: Verdict = { lost: 0, doubled: 0, unfinished: 0, dead: 0, unbalanced: 0, astray: 0 };

export function sum(one: Verdict, other: Verdict): Verdict {
  return {
    lost: one.lost + other.lost,
    doubled: one.doubled + other.doubled,
    unfinished: one.unfinished + other.unfinished,
    dead: one.dead + other.dead,
    unbalanced: one.unbalanced + other.unbalanced,
    astray: one.astray + other.astray,
  };
}

/** Records an attempt as it begins; what it turns into is told by the function that is returned. */
export function invoke(history: History, operation: Operation, key: string): (type: "ok" | "info") => void {
  const attempt: Attempt = { operation, key, type: "invoke" };
  history.attempts.push(attempt);
  return (type) => {
    attempt.type = type;
  };
}

/**
 * Judges a scenario that has come to rest by what the senders were told, what the database holds, and what the provider has. The
 * database is read as its owner, so that nothing is hidden from the reading.
 */
export async function judge({
  history,
  scene,
  database,
  asaas,
}: {
  history: History;
  scene: Scene;
  database: Pick<TestDatabase, "query">;
  asaas: Asaas;
}): Promise<Verdict> {
  const { expects } = scene;
  const rows = await readRows(database, scene);
  const provider = await readProvider(asaas, scene.apiKey);
  const acknowledged = new Set(acknowledgedKeys(history));
  const counted: [found: number, expected: number][] = [
    [rows.receipts, expects.receipts],
    [rows.debts, expects.billed],
    [provider.payments.length, expects.billed],
    [provider.customers.length, expects.billed],
    [rows.known_customers, expects.billed],
    [rows.pix_codes, expects.billed],
    [rows.reminders, expects.reminders],
    [rows.applied_events, expects.events],
    [rows.jobs, expects.jobs],
  ];
  const unknownEvents = acknowledgedKeys(history, "event").filter((key) => !rows.event_ids.includes(key)).length;
  return {
    lost: unknownEvents + total(counted.map(([found, expected]) => Math.max(0, expected - found))),
    doubled:
      rows.event_ids.length -
      new Set(rows.event_ids).size +
      total(counted.map(([found, expected]) => Math.max(0, found - expected))),
    unfinished: rows.unfinished_jobs + rows.unconfirmed_effects + neverTold(history, acknowledged),
    dead: rows.dead_jobs,
    unbalanced: rows.unbalanced,
    astray:
      (rows.statuses.join() === (expects.status ?? "") ? 0 : 1) +
      ((await scene.holds?.()) === false ? 1 : 0) +
      provider.payments.filter(({ id, externalReference }) => rows.bills[externalReference ?? ""] !== id).length,
  };
}

interface Rows {
  receipts: number;
  debts: number;
  known_customers: number;
  pix_codes: number;
  reminders: number;
  applied_events: number;
  event_ids: string[];
  jobs: number;
  unfinished_jobs: number;
  dead_jobs: number;
  unconfirmed_effects: number;
  unbalanced: number;
  statuses: string[];
  /** Charge → its id at the provider. */
  bills: Record<string, string | null>;
}

/** The jobs of a scenario, as a condition on `jobs`. */
export function ownJobs({ mentoradoId, programmeEvents }: Pick<Scene, "mentoradoId" | "programmeEvents">): string {
  const own = `mentorado_id = '${mentoradoId}'`;
  return programmeEvents.length === 0
    ? own
    : `(${own} or dedup_key in (select 'webhook:' || e.id from webhook_events e where ${ownEvents({ mentoradoId, programmeEvents })}))`;
}

function ownEvents({ mentoradoId, programmeEvents }: Pick<Scene, "mentoradoId" | "programmeEvents">): string {
  return `(mentorado_id = '${mentoradoId}' or event_id in (${["", ...programmeEvents].map((id) => `'${id}'`).join()}))`;
}

async function readRows({ query }: Pick<TestDatabase, "query">, scene: Scene): Promise<Rows> {
  const { mentoradoId } = scene;
  const [rows] = await query<Rows & { [column: string]: unknown }>(
    `select
      (select count(*)::int from ledger_entries where mentorado_id = $1 and kind = 'receipt') as receipts,
      (select count(*)::int from ledger_entries where mentorado_id = $1 and kind = 'charge') as debts,
      (select count(*)::int from provider_customers where mentorado_id = $1) as known_customers,
      (select count(*)::int from charges where mentorado_id = $1 and pix_payload is not null) as pix_codes,
      (select count(*)::int from payment_reminders where mentorado_id = $1) as reminders,
      (select count(*)::int from charge_events where mentorado_id = $1) as applied_events,
      (select coalesce(jsonb_agg(event_id), '[]') from webhook_events where ${ownEvents(scene)}) as event_ids,
      (select count(*)::int from jobs where ${ownJobs(scene)}) as jobs,
      (select count(*)::int from jobs where ${ownJobs(scene)} and status in ('pending', 'running')) as unfinished_jobs,
      (select count(*)::int from jobs where ${ownJobs(scene)} and status = 'dead') as dead_jobs,
      (select count(*)::int from effects where mentorado_id = $1 and state <> 'confirmed') as unconfirmed_effects,
      (select count(*)::int from ledger_entries e where mentorado_id = $1 and
         (select coalesce(sum(l.amount_cents), 1) from ledger_lines l where l.mentorado_id = $1 and l.entry_id = e.id) <> 0) as unbalanced,
      (select coalesce(jsonb_agg(status), '[]') from charges where mentorado_id = $1) as statuses,
      (select coalesce(jsonb_object_agg(id, external_id), '{}') from charges where mentorado_id = $1) as bills`,
    [mentoradoId],
  );
  if (rows === undefined) throw new Error("a select of counts answers one row");
  return rows;
}

async function readProvider(asaas: Asaas, apiKey: string) {
  const response = await fetch(`${asaas.url}/v3/customers?limit=100`, {
    headers: { access_token: apiKey, "user-agent": "history checker" },
  });
  const { data } = (await response.json()) as { data: { id: string; externalReference: string }[] };
  return { payments: asaas.payments(apiKey), customers: data };
}

function acknowledgedKeys({ attempts }: History, only?: Operation): string[] {
  const isMeant = (operation: Operation) => only === undefined || operation === only;
  return attempts.filter(({ operation, type }) => type === "ok" && isMeant(operation)).map(({ key }) => key);
}

function neverTold({ attempts }: History, acknowledged: Set<string>): number {
  const awaited = attempts.filter(({ operation }) => operation !== "sweep").map(({ key }) => key);
  return new Set(awaited.filter((key) => !acknowledged.has(key))).size;
}

function total(numbers: number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}
