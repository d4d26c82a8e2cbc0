import { setTimeout as wait } from "node:timers/promises";
import { PgDialect } from "drizzle-orm/pg-core";
import { v7 as uuidv7 } from "uuid";
import { verifyQuery } from "../../shared/ledger/verify-query.ts";
import { median, type Report, type Row } from "./measure.ts";
import type { Ground } from "./open-ground.ts";
import { type SeededCharge, seedCharges } from "./seed-charges.ts";
import { eventBody, WEBHOOK_HEADERS, WEBHOOK_PATH } from "./storm.ts";

const AMOUNT_CENTS = 10_000;
const POLL_INTERVAL_MS = 2;
const DEADLINE_MS = 30_000;
const VERIFY_ROUNDS = 3;
/** Within one transaction, each entry has to pass by every version of the chain's end that the transaction has left behind. */
const ENTRIES_PER_TRANSACTION = 200;

/** From the provider's event to the line in the ledger, one at a time; and how fast a ledger is verified. */
export async function benchLedger({
  ground,
  events,
  entries,
}: {
  ground: Ground;
  /** Sent one after another, each when the one before is in the ledger. */
  events: number;
  /** In the ledger that is verified. */
  entries: number;
}): Promise<Report> {
  const latencies: number[] = [];
  for (const charge of await seedCharges({ ...ground, amountsCents: Array.from({ length: events }, () => AMOUNT_CENTS) }))
    latencies.push(await timeEvent({ ground, charge }));
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => `${(sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0)} ms`;
  const perSecond = 1_000 / (latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length);
  const info = (what: string, ours: string): Row => ({ what, ours, baseline: "", ratio: "", target: "", verdict: "info" });
  return {
    name: "ledger",
    rows: [
      info(`event to ledger, one at a time, ${events} events: p50; p99`, `${at(0.5)}; ${at(0.99)}`),
      info("the same, events/s", perSecond.toFixed(1)),
      await verifyRow({ ground, entries }),
    ],
    limitedBy: "one event at a time waits for each of its steps: store, ring, deliver, claim, read, write",
  };
}

async function timeEvent({ ground: { database, url }, charge }: { ground: Ground; charge: SeededCharge }): Promise<number> {
  const payment = { status: "RECEIVED", netValue: 98.01, paymentDate: "2026-06-12" };
  const body = eventBody({ id: `evt_${charge.id}`, type: "PAYMENT_RECEIVED", charge, second: 0, payment });
  const startedAt = performance.now();
  const response = await fetch(`${url}${WEBHOOK_PATH}`, { method: "POST", headers: WEBHOOK_HEADERS, body });
  if (response.status !== 200) throw new Error(`The event was answered ${response.status}`);
  for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline; await wait(POLL_INTERVAL_MS)) {
    const { rowCount } = await database.query("select 1 from ledger_entries where charge_id = $1 limit 1", [charge.id]);
    if (rowCount === 1) return performance.now() - startedAt;
  }
  throw new Error("An event did not reach the ledger in time");
}

/** Against reading and adding up the same rows without hashing them. */
async function verifyRow({ ground, entries }: { ground: Ground; entries: number }): Promise<Row> {
  const { database, demo } = ground;
  const [charge] = await seedCharges({ ...ground, amountsCents: [AMOUNT_CENTS] });
  for (let posted = 0; posted < entries; posted += ENTRIES_PER_TRANSACTION) {
    await database.query(
      `select guilda.post_entry($1, id, $2, 'receipt', 'bench:' || id, 'bench', null, now(), '{"cash": 9801, "fees": 199, "receivable": -10000}')
         from unnest($3::uuid[]) as g(id)`,
      [demo.mentoradoId, charge?.id, Array.from({ length: Math.min(ENTRIES_PER_TRANSACTION, entries - posted) }, () => uuidv7())],
    );
  }
  const { sql: text, params } = new PgDialect().sqlToQuery(verifyQuery(demo.mentoradoId));
  const verify = await timeQuery({ ground, text, params });
  const read = await timeQuery({
    ground,
    text: `select count(*), sum(total) from (select e.id, sum(l.amount_cents) as total from ledger_entries e
             join ledger_lines l on l.mentorado_id = e.mentorado_id and l.entry_id = e.id where e.mentorado_id = $1 group by e.id) t`,
    params: [demo.mentoradoId],
  });
  const rate = (ms: number) => `${Math.round((entries * 1_000) / ms).toLocaleString("en")}/s`;
  return {
    what: `verifying ${entries} entries, against only adding them up`,
    ours: rate(verify),
    baseline: rate(read),
    ratio: (read / verify).toFixed(2),
    target: "",
    verdict: "info",
  };
}

async function timeQuery({
  ground: { database },
  text,
  params,
}: {
  ground: Ground;
  text: string;
  params: unknown[];
}): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < VERIFY_ROUNDS; round += 1) {
    const startedAt = performance.now();
    await database.query(text, params);
    times.push(performance.now() - startedAt);
  }
  return median(times);
}
