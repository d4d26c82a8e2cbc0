import { fork } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LoadResult, LoadSpec } from "./load.ts";
import type { Ground } from "./open-ground.ts";

/** Clock ticks of /proc are hundredths of a second on every Linux. */
const TICK_MS = 10;

export interface Loader {
  run(spec: LoadSpec): Promise<LoadResult>;
  close(): void;
}

export function startLoader(): Loader {
  const child = fork(join(import.meta.dirname, "load.ts"));
  return {
    run: (spec) =>
      new Promise((resolve, reject) => {
        child.once("message", (result: LoadResult) => resolve(result));
        child.send(spec, (error) => {
          if (error !== null) reject(error);
        });
      }),
    close: () => child.disconnect(),
  };
}

/** Processor time so far of a process and of those it has started, in milliseconds. */
export function cpuMsOf(pid: number): number {
  const own = readStat(pid);
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat?.parent === pid);
  return [own, ...children].reduce((sum, stat) => sum + (stat?.cpuMs ?? 0), 0);
}

function readStat(pid: number): { parent: number; cpuMs: number } | undefined {
  try {
    // After the name in brackets: state, parent, …, utime (12th), stime (13th).
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return { parent: Number(fields[1]), cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
  } catch {
    return undefined;
  }
}

/** Where processor time went, in milliseconds: workerd, Postgres, and this process with the Neon bridge and the other stand-ins. */
export interface Shares {
  workerd: number;
  postgres: number;
  standIns: number;
}

export function readShares({ folder }: Ground, workerd: number): Shares {
  const postgres = Number(readFileSync(join(folder, "postgres/postmaster.pid"), "utf8").split("\n")[0]);
  const { user, system } = process.cpuUsage();
  return { workerd: cpuMsOf(workerd), postgres: cpuMsOf(postgres), standIns: (user + system) / 1_000 };
}

export function between(before: Shares, after: Shares): Shares {
  return {
    workerd: after.workerd - before.workerd,
    postgres: after.postgres - before.postgres,
    standIns: after.standIns - before.standIns,
  };
}

/** @returns the shares in words, the largest first. */
export function limitedBy(shares: Shares & { load?: number }): string {
  const total = Object.values(shares).reduce((sum, ms) => sum + ms, 0);
  return Object.entries(shares)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, ms]) => `${name} ${Math.round((100 * ms) / total)} %`)
    .join(", ");
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Half the distance between the largest and the smallest, of the median. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / 2 / median(values);
}

/** One line of the table. */
export interface Row {
  what: string;
  ours: string;
  baseline: string;
  ratio: string;
  target: string;
  verdict: "met" | "missed" | "info";
}

export interface Report {
  name: string;
  rows: Row[];
  limitedBy: string;
  /** What the rows were made of, for whoever opens the results. */
  details?: unknown;
}
