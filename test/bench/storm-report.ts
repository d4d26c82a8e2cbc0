import { isDeepStrictEqual } from "node:util";
import type { Report, Row } from "./measure.ts";
import type { Ground } from "./open-ground.ts";
import { countStorm, expectedBooks, playStorm, readBooks } from "./storm.ts";

const SEED = 20_261_121;

/** The storm of `test/faults/storm.test.ts`, larger. */
export async function benchStorm({ ground, events }: { ground: Ground; events: number }): Promise<Report> {
  const storm = await playStorm({ ground, events, replays: events, seed: SEED });
  const counts = await countStorm(ground, storm.events);
  const isSame = isDeepStrictEqual(await readBooks(ground, storm.events), expectedBooks(storm.events));
  const lost = events - counts.storedOnce + (events - counts.appliedOnce) + counts.deadJobs + counts.unfinishedJobs;
  const doubled = counts.stored - counts.storedOnce + (counts.applied - counts.appliedOnce);
  const exact = (what: string, value: number): Row => ({
    what,
    ours: String(value),
    baseline: "",
    ratio: "",
    target: "0",
    verdict: value === 0 ? "met" : "missed",
  });
  const info = (what: string, ours: string): Row => ({ what, ours, baseline: "", ratio: "", target: "", verdict: "info" });
  return {
    name: "storm",
    rows: [
      info("events; deliveries accepted; sent again", `${events}; ${storm.accepted}; ${storm.retried}`),
      info("kills; leases of killed attempts; replayed", `${storm.kills}; ${storm.leasesExpired}; ${storm.replayed}`),
      exact("lost", lost),
      exact("doubled", doubled),
      exact("ledger differs from the oracle", isSame ? 0 : 1),
      exact("entries that do not sum to zero", counts.unbalanced),
      info("acknowledged after, p50; p99", `${storm.ackP50Ms.toFixed(0)} ms; ${storm.ackP99Ms.toFixed(0)} ms`),
      info("sent in; at rest after", `${(storm.sendMs / 1_000).toFixed(1)} s; ${(storm.restMs / 1_000).toFixed(1)} s`),
      info("events/s from the provider to the ledger", ((events * 1_000) / storm.restMs).toFixed(0)),
    ],
    limitedBy: "the jobs that are done beside the deliveries, on the same cores",
  };
}
