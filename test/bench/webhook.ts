import { serveBare } from "./bare.ts";
import { compare, compareRow, cpuRows } from "./compare.ts";
import type { Loader, Report, Row } from "./measure.ts";
import type { Ground } from "./open-ground.ts";
import { seedCharges } from "./seed-charges.ts";
import { eventBody, WEBHOOK_HEADERS, WEBHOOK_PATH } from "./storm.ts";

/** The ingress of Asaas' events, against a Worker that only inserts the body under the event's id. */
export async function benchWebhook({
  ground,
  loader,
  rounds,
  calls,
}: {
  ground: Ground;
  loader: Loader;
  rounds: number;
  /** Deliveries of one round. */
  calls: number;
}): Promise<Report> {
  await ground.database.query("create table bare_events (event_id text primary key, body text not null)");
  const bare = await serveBare({ ground, name: "webhook" });
  const [charge] = await seedCharges({ ...ground, amountsCents: [10_000] });
  if (charge === undefined) throw new Error("no charge");
  let number = 0;
  function callsTo(url: string, duplicates: number) {
    const different = Math.round(calls * (1 - duplicates));
    const first = number;
    number += different;
    return Array.from({ length: calls }, (_, index) => ({
      url,
      method: "POST" as const,
      headers: WEBHOOK_HEADERS,
      body: eventBody({
        id: `evt_bench_${first + (index % different)}`,
        type: "PAYMENT_CREATED",
        charge: charge as NonNullable<typeof charge>,
        second: 0,
        payment: { status: "PENDING", netValue: 98.01 },
      }),
    }));
  }
  const rows: Row[] = [];
  let limits = "";
  // Their jobs would be done beside the measurement: the broker accepts each ring and forgets it.
  await putChaos(ground, { drop: 1 });
  try {
    for (const duplicates of [0, 0.5]) {
      const compared = await compare({
        ground,
        loader,
        ours: { pid: ground.workers().pid, calls: () => callsTo(`${ground.url}${WEBHOOK_PATH}`, duplicates) },
        baseline: { pid: bare.pid, calls: () => callsTo(`${bare.url}/`, duplicates) },
        rounds,
        durationMs: "once",
      });
      rows.push(compareRow(`webhook stored with its job, ${duplicates * 100} % duplicates`, compared, 0.85));
      rows.push(...cpuRows(compared));
      limits = compared.limitedBy;
    }
  } finally {
    await putChaos(ground, {});
    await bare.close();
    await ground.database.query("update jobs set status = 'done', done_at = now() where status = 'pending'");
  }
  return { name: "webhook", rows, limitedBy: limits };
}

async function putChaos({ variables }: Ground, chaos: object): Promise<void> {
  await fetch(`${variables.QSTASH_URL}/__chaos`, { method: "PUT", body: JSON.stringify(chaos) });
}
