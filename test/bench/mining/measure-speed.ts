import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";
import { median, type Row, spread } from "../measure.ts";
import type { TarballRun } from "./mine-tarball.ts";
import type { Corpus } from "./open-corpora.ts";

const MB = 1_000_000;
/** What an ast-grep rule for the same kinds of nodes looks at. */
const KINDS = [
  "import_statement",
  "export_statement",
  "string",
  "catch_clause",
  "throw_statement",
  "if_statement",
  "arrow_function",
  "function_declaration",
  "lexical_declaration",
  "binary_expression",
  "await_expression",
];

/**
 * Processor time from a tarball to candidates, beside that of unpacking the same file and of `ast-grep`, turn by turn in one run. The trees
 * are those of the corpora, repeated in folders of their own until the archive has the size.
 */
export function measureSpeed({
  corpora,
  sizesMb,
  rounds,
}: {
  corpora: readonly Corpus[];
  /** The first is the one that is compared; the smallest and the largest tell whether the cost is flat. */
  sizesMb: readonly number[];
  rounds: number;
}): Row[] {
  const folder = mkdtempSync(join(tmpdir(), "guilda-mining-"));
  try {
    const program = bundle(folder);
    const [compared = 0] = sizesMb;
    const archive = buildArchive({ corpora, folder, sizeMb: compared });
    return [
      ...compareRows({ program, archive, folder, rounds }),
      ...incrementalRows({ program, archive }),
      slopeRow({ program, corpora, folder, sizesMb: sizesMb.toSorted((left, right) => left - right) }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One file of code, as a Worker is deployed, so that loading it is not what is measured. */
function bundle(folder: string): string {
  const outfile = join(folder, "mine-tarball.mjs");
  buildSync({
    entryPoints: [join(import.meta.dirname, "mine-tarball.ts")],
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    outfile,
  });
  return outfile;
}

interface Archive {
  file: string;
  tree: string;
  megabytes: number;
}

function buildArchive({ corpora, folder, sizeMb }: { corpora: readonly Corpus[]; folder: string; sizeMb: number }): Archive {
  const tree = join(folder, `tree-${sizeMb}`);
  let bytes = 0;
  for (let copy = 0; bytes < sizeMb * MB; copy += 1) {
    for (const { name, next } of corpora) {
      for (const file of next) {
        const path = join(tree, "repository", `copy-${copy}`, name, file.path);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, file.bytes);
        bytes += file.bytes.length;
      }
      if (bytes >= sizeMb * MB) break;
    }
  }
  const file = join(folder, `tree-${sizeMb}.tgz`);
  execFileSync("tar", ["-czf", file, "-C", tree, "repository"]);
  return { file, tree, megabytes: bytes / MB };
}

function mine({ program, args }: { program: string; args: readonly string[] }): TarballRun {
  return JSON.parse(execFileSync(process.execPath, [program, ...args], { encoding: "utf8" }));
}

/** Processor time of a command and all that it starts. */
function shellMs(command: string): number {
  const output = execFileSync("bash", ["-c", `{ ${command} ; } > /dev/null; times`], { encoding: "utf8", maxBuffer: MB });
  const times = output.trim().split("\n").at(-1) ?? "";
  return [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1_000,
    0,
  );
}

function compareRows({
  program,
  archive: { file, tree, megabytes },
  folder,
  rounds,
}: {
  program: string;
  archive: Archive;
  folder: string;
  rounds: number;
}): Row[] {
  const scan = astGrepCommand({ folder, tree });
  const samples = {
    cold: [] as number[],
    warm: [] as number[],
    start: [] as number[],
    tar: [] as number[],
    scan: [] as number[],
  };
  let peakRssKb = 0;
  let sources = 0;
  for (let round = 0; round < rounds; round += 1) {
    samples.tar.push(shellMs(`tar -xzOf ${file} | wc -c`));
    const run = mine({ program, args: [file, "4"] });
    samples.cold.push(run.coldMs);
    samples.warm.push(median(run.warmMs));
    samples.start.push(mine({ program, args: [] }).coldMs);
    if (scan !== undefined) samples.scan.push(shellMs(scan));
    peakRssKb = Math.max(peakRssKb, run.peakRssKb);
    ({ sources } = run);
  }
  const coldOnly = samples.cold.map((ms, index) => ms - (samples.start[index] ?? 0));
  const size = `${megabytes.toFixed(0)} MB, ${sources} sources`;
  return [
    ratioRow({
      what: `tarball to candidates, ${size}, fresh process, against tar -xzO | wc -c`,
      ours: samples.cold,
      baseline: samples.tar,
      most: 2.5,
    }),
    ratioRow({ what: "the same without the start of Node", ours: coldOnly, baseline: samples.tar }),
    ratioRow({ what: "the same, warm", ours: samples.warm, baseline: samples.tar, most: 1.5 }),
    scan === undefined
      ? infoRow("against ast-grep scan: not on the PATH", "")
      : ratioRow({
          what: "fresh process, against ast-grep scan with a rule of 11 kinds",
          ours: samples.cold,
          baseline: samples.scan,
          most: 0.2,
        }),
    infoRow(`peak memory, ${size}`, `${Math.round(peakRssKb / 1_024)} MiB`),
  ];
}

/** Undefined where the program is not installed: it is too large to be a dependency. */
function astGrepCommand({ folder, tree }: { folder: string; tree: string }): string | undefined {
  try {
    execFileSync("ast-grep", ["--version"], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  const rules = join(folder, "rules.yml");
  const rule = (language: string) =>
    `id: ${language}\nlanguage: ${language}\nseverity: hint\nrule:\n  any:\n${KINDS.map((kind) => `    - kind: ${kind}`).join("\n")}\n`;
  writeFileSync(rules, ["JavaScript", "TypeScript"].map(rule).join("---\n"));
  return `ast-grep scan --rule ${rules} --json=stream ${tree}`;
}

function incrementalRows({ program, archive: { file } }: { program: string; archive: Archive }): Row[] {
  const { warmMs, incremental } = mine({ program, args: [file, "4", "incremental"] });
  const full = median(warmMs);
  return incremental.flatMap(({ files, tallyMs, foldMs }): Row[] => [
    {
      what: `${files} changed ${files === 1 ? "file" : "files"} read again, against the whole tarball, warm`,
      ours: `${tallyMs.toFixed(1)} ms`,
      baseline: `${full.toFixed(0)} ms`,
      ratio: `${((100 * tallyMs) / full).toFixed(2)} %`,
      target: files === 4 ? "≤ 1 %" : "",
      verdict: files === 4 ? (tallyMs <= full / 100 ? "met" : "missed") : "info",
    },
    {
      what: `  and the stored tallies of all files added up again`,
      ours: `${(tallyMs + foldMs).toFixed(1)} ms`,
      baseline: `${full.toFixed(0)} ms`,
      ratio: `${((100 * (tallyMs + foldMs)) / full).toFixed(1)} %`,
      target: files === 4 ? "≤ 1 %" : "",
      verdict: files === 4 ? (tallyMs + foldMs <= full / 100 ? "met" : "missed") : "info",
    },
  ]);
}

function slopeRow({
  program,
  corpora,
  folder,
  sizesMb,
}: {
  program: string;
  corpora: readonly Corpus[];
  folder: string;
  sizesMb: readonly number[];
}): Row {
  const start = mine({ program, args: [] }).coldMs;
  const costs = sizesMb.map((sizeMb) => {
    const { file, tree, megabytes } = buildArchive({ corpora, folder, sizeMb });
    const { warmMs, coldMs, peakRssKb } = mine({ program, args: [file, "3"] });
    rmSync(tree, { recursive: true });
    return {
      megabytes,
      packed: statSync(file).size / MB,
      warm: median(warmMs) / megabytes,
      cold: (coldMs - start) / megabytes,
      peakRssKb,
    };
  });
  const [small, large] = [costs[0], costs.at(-1)];
  const ratio = (large?.warm ?? 0) / (small?.warm ?? 1);
  const describe = (cost: (typeof costs)[number] | undefined) =>
    `${cost?.warm.toFixed(1)} ms/MB warm, ${cost?.cold.toFixed(1)} cold, ${Math.round((cost?.peakRssKb ?? 0) / 1_024)} MiB`;
  return {
    what: `cost of a megabyte, ${large?.megabytes.toFixed(0)} MB against ${small?.megabytes.toFixed(0)} MB`,
    ours: describe(large),
    baseline: describe(small),
    ratio: ratio.toFixed(2),
    target: "≤ 1.1",
    verdict: ratio <= 1.1 ? "met" : "missed",
  };
}

function ratioRow({ what, ours, baseline, most }: { what: string; ours: number[]; baseline: number[]; most?: number }): Row {
  const ratios = ours.map((ms, index) => ms / (baseline[index] ?? Number.NaN));
  const ratio = median(ratios);
  return {
    what,
    ours: `${median(ours).toFixed(0)} ms`,
    baseline: `${median(baseline).toFixed(0)} ms`,
    ratio: `${ratio.toFixed(2)} ±${Math.round(100 * spread(ratios))} %`,
    target: most === undefined ? "" : `≤ ${most}`,
    verdict: most === undefined ? "info" : ratio <= most ? "met" : "missed",
  };
}

function infoRow(what: string, ours: string): Row {
  return { what, ours, baseline: "", ratio: "", target: "", verdict: "info" };
}
