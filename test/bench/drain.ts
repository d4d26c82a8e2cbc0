import { setTimeout as wait } from "node:timers/promises";
import { Logger, makeWorkerUtils, run as runGraphile } from "graphile-worker";
import pg from "pg";
import PgBoss from "pg-boss";
import { v7 as uuidv7 } from "uuid";
import { createDoorbell } from "../../shared/jobs/doorbell.ts";
import { createLogger } from "../../shared/log/logger.ts";
import { DEMO } from "../local/demo.ts";
import { between, limitedBy, median, type Report, type Row, readShares, type Shares } from "./measure.ts";
import type { Ground } from "./open-ground.ts";
import { type SeededCharge, seedCharges } from "./seed-charges.ts";
import { eventBody } from "./storm.ts";
import { untilNoJobIsLeft } from "./until-no-job-is-left.ts";

const NET_CENTS = 9_801;
const AMOUNT_CENTS = 10_000;
const POLL_INTERVAL_MS = 10;
const DEADLINE_MS = 120_000;
const BOSS_BATCH = 100;
/** It would write a line per job. */
const SILENT = new Logger(() => () => undefined);

interface StoredEvent {
  id: string;
  charge: SeededCharge;
}

/**
 * Stored events of received payments until the last receipt is in the ledger: ours through the broker, the edge and finance; the others
 * in one Node process with a pool, doing the same writes in one transaction per job.
 */
export async function benchDrain({ ground, rounds, jobs }: { ground: Ground; rounds: number; jobs: number }): Promise<Report> {
  const rates: Record<"ours" | "graphile" | "bossOne" | "bossBatch", number[]> = {
    ours: [],
    graphile: [],
    bossOne: [],
    bossBatch: [],
  };
  let shares: Shares = { workerd: 0, postgres: 0, standIns: 0 };
  let wrong = 0;
  const drains = {
    ours: drainOurs,
    graphile: drainGraphile,
    bossOne: (input: DrainInput) => drainBoss(input, 1),
    bossBatch: (input: DrainInput) => drainBoss(input, BOSS_BATCH),
  };
  await drainOurs({ ground, events: await storeEvents({ ground, count: 20 }) });
  for (let round = 0; round < rounds; round += 1) {
    const order = Object.keys(drains) as (keyof typeof drains)[];
    if (round % 2 === 1) order.reverse();
    for (const name of order) {
      const events = await storeEvents({ ground, count: jobs });
      const before = readShares(ground, ground.workers().pid);
      const tookMs = await drains[name]({ ground, events });
      const used = between(before, readShares(ground, ground.workers().pid));
      if (name === "ours")
        shares = {
          workerd: shares.workerd + used.workerd,
          postgres: shares.postgres + used.postgres,
          standIns: shares.standIns + used.standIns,
        };
      rates[name].push((jobs * 1_000) / tookMs);
      wrong += await countWrong({ ground, events });
    }
  }
  const row = (what: string, baseline: readonly number[], target?: number): Row => {
    const ratio = median(rates.ours) / median(baseline);
    return {
      what,
      ours: `${median(rates.ours).toFixed(0)}/s`,
      baseline: `${median(baseline).toFixed(0)}/s`,
      ratio: ratio.toFixed(2),
      target: target === undefined ? "" : `≥ ${target}`,
      verdict: target === undefined ? "info" : ratio >= target ? "met" : "missed",
    };
  };
  return {
    name: "drain",
    rows: [
      row(`${jobs} events, against graphile-worker one by one`, rates.graphile, 1),
      row("against pg-boss, one by one", rates.bossOne),
      row(`against pg-boss, ${BOSS_BATCH} at once`, rates.bossBatch),
      {
        what: "lost or doubled, all four",
        ours: String(wrong),
        baseline: "",
        ratio: "",
        target: "0",
        verdict: wrong === 0 ? "met" : "missed",
      },
    ],
    limitedBy: limitedBy(shares),
  };
}

interface DrainInput {
  ground: Ground;
  events: readonly StoredEvent[];
}

async function storeEvents({ ground, count }: { ground: Ground; count: number }): Promise<StoredEvent[]> {
  const charges = await seedCharges({ ...ground, amountsCents: Array.from({ length: count }, () => AMOUNT_CENTS) });
  const events = charges.map((charge) => ({ id: uuidv7(), charge }));
  await ground.database.query(
    `insert into webhook_events (id, provider, account_ref, event_id, event_type, mentorado_id, raw, raw_sha256, request_id)
     select id, 'asaas', $1, 'evt_' || id, 'PAYMENT_RECEIVED', $2, convert_to(body, 'UTF8'), sha256(convert_to(body, 'UTF8')), 'bench'
       from unnest($3::uuid[], $4::text[]) as g(id, body)`,
    [
      DEMO.accountRef,
      ground.demo.mentoradoId,
      events.map(({ id }) => id),
      events.map(({ id, charge }) =>
        eventBody({
          id: `evt_${id}`,
          type: "PAYMENT_RECEIVED",
          charge,
          second: 0,
          payment: { status: "RECEIVED", netValue: NET_CENTS / 100, paymentDate: "2026-06-12" },
        }),
      ),
    ],
  );
  return events;
}

/** From the first ring to the last job that is done. */
async function drainOurs({ ground: { database, demo, variables, url }, events }: DrainInput): Promise<number> {
  const { rows } = await database.query<{ id: string }>(
    `insert into jobs (id, mentorado_id, worker_group, name, dedup_key, payload, max_attempts, request_id)
     select gen_random_uuid(), $1, 'finance', 'finance.process-asaas-event', 'webhook:' || id, jsonb_build_object('eventId', id), 12, 'bench'
       from unnest($2::uuid[]) as g(id) returning id`,
    [demo.mentoradoId, events.map(({ id }) => id)],
  );
  const doorbell = createDoorbell({ url: variables.QSTASH_URL ?? "", token: variables.QSTASH_TOKEN ?? "", publicUrl: url });
  const startedAt = performance.now();
  const runAt = new Date().toISOString();
  const staged = rows.map(({ id }) => ({ id, name: "finance.process-asaas-event" as const, ring: 1, runAt }));
  const ringing = doorbell.ring(staged, createLogger({ worker: "bench" }));
  await untilNoJobIsLeft({ database });
  const tookMs = performance.now() - startedAt;
  await ringing;
  return tookMs;
}

async function drainGraphile({ ground: { variables, database, demo }, events }: DrainInput): Promise<number> {
  const connectionString = variables.DATABASE_URL ?? "";
  const utils = await makeWorkerUtils({ connectionString, logger: SILENT });
  await utils.migrate();
  await utils.release();
  await database.query(
    "select graphile_worker.add_job('receive', json_build_object('eventId', id)) from unnest($1::uuid[]) as g(id)",
    [events.map(({ id }) => id)],
  );
  let done = 0;
  const startedAt = performance.now();
  const runner = await runGraphile({
    connectionString,
    concurrency: 1,
    logger: SILENT,
    noHandleSignals: true,
    taskList: {
      receive: async (payload, helpers) => {
        const { eventId } = payload as { eventId: string };
        await helpers.withPgClient((client) => applyReceipt({ client, mentoradoId: demo.mentoradoId, eventId }));
        done += 1;
      },
    },
  });
  for (const deadline = Date.now() + DEADLINE_MS; done < events.length; await wait(POLL_INTERVAL_MS)) {
    if (Date.now() > deadline) throw new Error("graphile-worker was not done in time");
  }
  const tookMs = performance.now() - startedAt;
  await runner.stop();
  return tookMs;
}

/** Its fetch and complete in a loop: with its polling of half a second at least, it would stand still between batches. */
async function drainBoss({ ground: { variables, demo }, events }: DrainInput, batchSize: number): Promise<number> {
  const boss = new PgBoss({ connectionString: variables.DATABASE_URL ?? "", supervise: false, schedule: false });
  await boss.start();
  const queue = `receive-${batchSize}`;
  await boss.createQueue(queue);
  await boss.insert(events.map(({ id }) => ({ name: queue, data: { eventId: id } })));
  const client = new pg.Client({ connectionString: variables.DATABASE_URL });
  await client.connect();
  const startedAt = performance.now();
  for (;;) {
    const jobs = await boss.fetch<{ eventId: string }>(queue, { batchSize });
    if (jobs.length === 0) break;
    for (const { data } of jobs) await applyReceipt({ client, mentoradoId: demo.mentoradoId, eventId: data.eventId });
    await boss.complete(
      queue,
      jobs.map(({ id }) => id),
    );
  }
  const tookMs = performance.now() - startedAt;
  await client.end();
  await boss.stop({ graceful: false });
  return tookMs;
}

/** The rows that `finance.process-asaas-event` writes, in one transaction over a warm connection. */
async function applyReceipt({
  client,
  mentoradoId,
  eventId,
}: {
  client: Pick<pg.ClientBase, "query">;
  mentoradoId: string;
  eventId: string;
}): Promise<void> {
  const { rows } = await client.query<{ raw: Buffer }>("select raw from webhook_events where mentorado_id = $1 and id = $2", [
    mentoradoId,
    eventId,
  ]);
  const { payment } = JSON.parse(rows[0]?.raw.toString() ?? "") as { payment: { externalReference: string } };
  const chargeId = payment.externalReference;
  await client.query("begin");
  await client.query("select set_config('app.actor_type', 'system', true), set_config('app.actor_id', 'bench', true)");
  await client.query("select 1 from charges where mentorado_id = $1 and id = $2 for update", [mentoradoId, chargeId]);
  await client.query(
    `insert into charge_events (mentorado_id, event_id, charge_id, event_type, outcome) values ($1, $2, $3, 'PAYMENT_RECEIVED', 'applied')
     on conflict do nothing`,
    [mentoradoId, eventId, chargeId],
  );
  await client.query(
    `update charges set status = 'received', status_rank = 40, provider_status = 'RECEIVED', net_cents = $3, version = version + 1,
       updated_at = now() where mentorado_id = $1 and id = $2 and status_rank <= 40`,
    [mentoradoId, chargeId, NET_CENTS],
  );
  await client.query(
    `select guilda.post_entry($1, gen_random_uuid(), $2, 'receipt', 'receipt', 'bench', $3, now(),
       jsonb_build_object('cash', $4::bigint, 'fees', $5::bigint - $4::bigint, 'receivable', -$5::bigint))`,
    [mentoradoId, chargeId, eventId, NET_CENTS, AMOUNT_CENTS],
  );
  await client.query("commit");
}

/** @returns charges without exactly one receipt of three lines that sum to zero, and events without exactly one row. */
async function countWrong({ ground: { database }, events }: DrainInput): Promise<number> {
  const { rows } = await database.query<{ wrong: number }>(
    `select count(*)::int as wrong from unnest($1::uuid[], $2::uuid[]) as g(event_id, charge_id)
      where (select count(*) from charge_events c where c.event_id = g.event_id) <> 1
         or (select count(*) from ledger_entries e where e.charge_id = g.charge_id) <> 1
         or (select array[count(*), sum(l.amount_cents)] from ledger_lines l join ledger_entries e on e.mentorado_id = l.mentorado_id
              and e.id = l.entry_id where e.charge_id = g.charge_id) <> array[3, 0]::numeric[]`,
    [events.map(({ id }) => id), events.map(({ charge }) => charge.id)],
  );
  return rows[0]?.wrong ?? -1;
}
