import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { readTar } from "../../../functions/ingestion/archive/read-tar.ts";
import { extractFacts } from "../../../functions/ingestion/mining/extract-facts.ts";
import { lexTypescript } from "../../../functions/ingestion/mining/lex-typescript.ts";
import { addTally, emptyState } from "../../../functions/ingestion/mining/mining-state.ts";
import { openMining } from "../../../functions/ingestion/mining/open-mining.ts";
import { proposeCandidates } from "../../../functions/ingestion/mining/propose-candidates.ts";
import { type FileTally, tallyFile } from "../../../functions/ingestion/mining/tally-file.ts";
import { createTokens } from "../../../functions/ingestion/mining/tokens.ts";

/** What this process says of itself when it is done; processor time is of the user and of the system. */
export interface TarballRun {
  /** Of the whole process up to the first answer, its start included. */
  coldMs: number;
  /** Of each later round in the same process. */
  warmMs: number[];
  peakRssKb: number;
  sources: number;
  candidates: number;
  incremental: IncrementalRun[];
}

export interface IncrementalRun {
  files: number;
  /** Of reading the changed files again. */
  tallyMs: number;
  /** Of adding up the stored tallies of all files, and proposing from them. */
  foldMs: number;
}

const CHANGED_FILES = [1, 4, 50];

const [file, rounds = "1", mode = "full"] = process.argv.slice(2);
// Without a file the process only starts: what that costs is known then.
const run: TarballRun = { coldMs: 0, warmMs: [], peakRssKb: 0, sources: 0, candidates: 0, incremental: [] };
if (file !== undefined) {
  await mineOnce(file);
  run.coldMs = cpuMs();
  run.peakRssKb = process.resourceUsage().maxRSS;
  for (let round = 1; round < Number(rounds); round += 1) {
    const before = cpuMs();
    await mineOnce(file);
    run.warmMs.push(cpuMs() - before);
  }
  if (mode === "incremental") await mineChanges(file);
} else run.coldMs = cpuMs();
process.stdout.write(JSON.stringify(run));

async function mineOnce(path: string): Promise<void> {
  const { intake, finish } = openMining();
  for await (const each of readTar(streamOf(path), { wants: intake.wants })) intake.take(each);
  run.sources = intake.sources;
  run.candidates = (await proposeCandidates(finish())).length;
}

async function mineChanges(path: string): Promise<void> {
  const tokens = createTokens();
  const sources: { path: string; source: string }[] = [];
  const { intake } = openMining();
  const decoder = new TextDecoder();
  for await (const each of readTar(streamOf(path), { wants: intake.wants }))
    if (each.path.endsWith(".js") || each.path.endsWith(".ts"))
      sources.push({ path: each.path, source: decoder.decode(each.bytes) });
  const stored = new Map<string, FileTally>();
  for (const each of sources) stored.set(each.path, retally(each));
  for (const count of CHANGED_FILES) {
    const step = Math.floor(sources.length / count);
    const before = cpuMs();
    for (let index = 0; index < count; index += 1) {
      const each = sources[index * step];
      if (each !== undefined) stored.set(each.path, retally(each));
    }
    const tallied = cpuMs();
    const state = emptyState();
    for (const [each, tally] of stored) addTally(state, { path: each, tally });
    await proposeCandidates(state);
    run.incremental.push({ files: count, tallyMs: tallied - before, foldMs: cpuMs() - tallied });
  }

  function retally({ path: own, source }: { path: string; source: string }): FileTally {
    lexTypescript({ source, isJsx: !/\.[cm]?ts$/.test(own), tokens });
    return tallyFile({ path: own, facts: extractFacts({ path: own, source, tokens }) });
  }
}

function streamOf(path: string): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(path, { highWaterMark: 256 * 1024 })) as ReadableStream<Uint8Array>;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
