import type { Call, LoadResult } from "./load.ts";
import { between, type Loader, limitedBy, median, type Row, readShares, type Shares, spread } from "./measure.ts";
import type { Ground } from "./open-ground.ts";

const CONCURRENCY = 16;

export interface Side {
  pid: number;
  /** The calls of one round; a fresh set for each, where a call may be sent only once. */
  calls(): Call[];
}

export interface Sample extends LoadResult {
  rps: number;
  /** Processor time of one call, by where it went. */
  cpuUs: Shares;
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
    const before = readShares(ground, side.pid);
    ground.bridge.requests.reset();
    const result = await loader.run({ calls, concurrency: CONCURRENCY, durationMs });
    if (result.failed > 0) throw new Error(`${result.failed} of ${result.count} calls to ${calls[0]?.url} were not answered 200`);
    const used = between(before, readShares(ground, side.pid));
    const perCallUs = (ms: number) => (ms * 1_000) / result.count;
    return {
      ...result,
      rps: (result.count * 1_000) / result.durationMs,
      cpuUs: { workerd: perCallUs(used.workerd), postgres: perCallUs(used.postgres), standIns: perCallUs(used.standIns) },
      neonRequests: ground.bridge.requests.count() / result.count,
    };
  }
  await sample(ours);
  await sample(baseline);
  const samples = { ours: [] as Sample[], baseline: [] as Sample[] };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? (["ours", "baseline"] as const) : (["baseline", "ours"] as const);
    for (const name of order) samples[name].push(await sample(name === "ours" ? ours : baseline));
  }
  const load = median(samples.ours.map(({ cpuMs, count }) => (cpuMs * 1_000) / count));
  return { ...samples, limitedBy: limitedBy({ ...medianCpuUs(samples.ours), load }) };
}

/** @returns processor time of one call, each part's median. */
function medianCpuUs(samples: readonly Sample[]): Shares {
  const of = (name: keyof Shares) => median(samples.map(({ cpuUs }) => cpuUs[name]));
  return { workerd: of("workerd"), postgres: of("postgres"), standIns: of("standIns") };
}

/** Where the processor time of a call goes on either side. */
export function cpuRows({ ours, baseline }: { ours: Sample[]; baseline: Sample[] }): Row[] {
  const [a, b] = [medianCpuUs(ours), medianCpuUs(baseline)];
  return (
    [
      ["µs of workerd per call", a.workerd, b.workerd],
      ["µs of Postgres per call", a.postgres, b.postgres],
      ["µs of the bridge and the other stand-ins per call", a.standIns, b.standIns],
    ] as const
  ).map(([what, mine, theirs]) => ({
    what,
    ours: mine.toFixed(0),
    baseline: theirs.toFixed(0),
    ratio: (mine / theirs).toFixed(2),
    target: "",
    verdict: "info",
  }));
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
  const of = (name: "rps" | "p50Ms") => median(samples.map((sample) => sample[name]));
  return `${Math.round(of("rps"))}/s, p50 ${of("p50Ms").toFixed(1)} ms`;
}
