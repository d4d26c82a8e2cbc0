import type { Call, LoadResult } from "./load.ts";
import { between, cpuMsOf, type Loader, limitedBy, median, type Row, readShares, spread } from "./measure.ts";
import type { Ground } from "./open-ground.ts";

const CONCURRENCY = 16;

export interface Side {
  pid: number;
  /** The calls of one round; a fresh set for each, where a call may be sent only once. */
  calls(): Call[];
}

export interface Sample extends LoadResult {
  rps: number;
  cpuUs: number;
  neonRequests: number;
}

/** Both sides in turn, A B B A, so that what drifts on the machine hits both alike. One round of each first, uncounted. */
export async function compare({
  ground,
  loader,
  ours,
  baseline,
  rounds,
  durationMs,
}: {
  ground: Ground;
  loader: Loader;
  ours: Side;
  baseline: Side;
  rounds: number;
  durationMs: number | "once";
}): Promise<{ ours: Sample[]; baseline: Sample[]; limitedBy: string }> {
  async function sample(side: Side): Promise<Sample> {
    const calls = side.calls();
    const cpu = cpuMsOf(side.pid);
    ground.bridge.requests.reset();
    const result = await loader.run({ calls, concurrency: CONCURRENCY, durationMs });
    if (result.failed > 0) throw new Error(`${result.failed} of ${result.count} calls to ${calls[0]?.url} were not answered 200`);
    return {
      ...result,
      rps: (result.count * 1_000) / result.durationMs,
      cpuUs: ((cpuMsOf(side.pid) - cpu) * 1_000) / result.count,
      neonRequests: ground.bridge.requests.count() / result.count,
    };
  }
  await sample(ours);
  await sample(baseline);
  const samples = { ours: [] as Sample[], baseline: [] as Sample[] };
  let shares = { workerd: 0, postgres: 0, standIns: 0, load: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? (["ours", "baseline"] as const) : (["baseline", "ours"] as const);
    for (const name of order) {
      const side = name === "ours" ? ours : baseline;
      const before = readShares(ground, side.pid);
      const taken = await sample(side);
      samples[name].push(taken);
      if (name !== "ours") continue;
      const used = between(before, readShares(ground, side.pid));
      shares = {
        workerd: shares.workerd + used.workerd,
        postgres: shares.postgres + used.postgres,
        standIns: shares.standIns + used.standIns,
        load: shares.load + taken.cpuMs,
      };
    }
  }
  return { ...samples, limitedBy: limitedBy(shares) };
}

/** @param target the least ratio of requests per second; left out, the row only informs. */
export function compareRow(what: string, { ours, baseline }: { ours: Sample[]; baseline: Sample[] }, target?: number): Row {
  // Each round's own ratio, so that a slow moment of the machine does not count against one side.
  const ratios = ours.map(({ rps }, index) => rps / (baseline[index]?.rps ?? Number.NaN));
  const ratio = median(ratios);
  return {
    what,
    ours: describe(ours),
    baseline: describe(baseline),
    ratio: `${ratio.toFixed(2)} ±${Math.round(100 * spread(ratios))} %`,
    target: target === undefined ? "" : `≥ ${target}`,
    verdict: target === undefined ? "info" : ratio >= target ? "met" : "missed",
  };
}

function describe(samples: Sample[]): string {
  const of = (name: "rps" | "p50Ms" | "cpuUs") => median(samples.map((sample) => sample[name]));
  return `${Math.round(of("rps"))}/s, p50 ${of("p50Ms").toFixed(1)} ms, ${Math.round(of("cpuUs"))} µs`;
}
