import { beforeAll, describe, expect, it } from "vitest";
import { type Intake, openIntake } from "../../functions/ingestion/archive/open-intake.ts";
import { readTar } from "../../functions/ingestion/archive/read-tar.ts";
import { openTreeFold } from "../../functions/ingestion/mining/fold-tree.ts";
import { openSourceMiner } from "../../functions/ingestion/mining/mine-source.ts";
import { hashState, type MiningState } from "../../functions/ingestion/mining/mining-state.ts";
import { openMining } from "../../functions/ingestion/mining/open-mining.ts";
import { type Candidate, proposeCandidates } from "../../functions/ingestion/mining/propose-candidates.ts";
import type { FileTally } from "../../functions/ingestion/mining/tally-file.ts";
import { buildTarGz } from "./build-tar.ts";
import { readCorpus, type SourceFile } from "./read-corpus.ts";

/**
 * What holds in each package, found by searching its text: `yes` is a line that does so and `no` one that does otherwise. Where `isExact`,
 * a search sees just what the miner counts.
 */
interface Truth {
  slot: string;
  value: string;
  yes: RegExp;
  no: RegExp;
  isExact?: boolean;
}

const PACKAGES: readonly { corpus: string; truths: readonly Truth[] }[] = [
  {
    corpus: "node_modules/zod/src",
    truths: [
      { slot: "quotes", value: "double", yes: /^import .* from ".*";$/gm, no: /^import .* from '.*'/gm },
      { slot: "semicolons", value: "always", yes: /^ *return\b.*;$/gm, no: /^ *return \w+$/gm },
      {
        slot: "import-extension",
        value: ".js",
        yes: /^(?:import|export)\b[^"]* from "\.[^"]*\.js";/gm,
        no: /^(?:import|export)\b[^"]* from "\.[^"]*(?<!\.js)";/gm,
        isExact: true,
      },
      {
        slot: "import-form:zod/v4",
        value: "* as z",
        yes: /^import \* as z from "zod\/v4";/gm,
        no: /^import (?!type)(?!\* as z).* from "zod\/v4";/gm,
        isExact: true,
      },
      { slot: "test-verb", value: "test", yes: /^\s*test(?:\.\w+)?\("/gm, no: /^\s*it(?:\.\w+)?\("/gm },
      { slot: "assertion", value: "expect()", yes: /^ *expect\(/gm, no: /^ *assert[.(]/gm },
    ],
  },
  {
    corpus: "node_modules/undici/lib",
    truths: [
      { slot: "quotes", value: "single", yes: /require\('/g, no: /require\("/g },
      { slot: "semicolons", value: "left out", yes: /^ *return \w+$/gm, no: /^ *return \w+;$/gm },
      { slot: "module-system", value: "require", yes: /\brequire\('[^']*'\)/g, no: /^import /gm },
      {
        slot: "node-protocol",
        value: "node:",
        yes: /\brequire\('node:/g,
        no: /\brequire\('(?:fs|net|tls|http|util|stream|events)'\)/g,
      },
      {
        slot: "function-form",
        value: "declaration",
        yes: /^(?:async )?function \w/gm,
        no: /^const \w+ = (?:async )?\(.*\) =>/gm,
      },
    ],
  },
  {
    corpus: "node_modules/@tanstack/query-core/src",
    truths: [
      { slot: "quotes", value: "single", yes: /from '/g, no: /from "/g },
      {
        slot: "import-extension",
        value: "none",
        yes: /^(?:import|export|\}).* from '\.\/\w+'$/gm,
        no: /^(?:import|export|\}).* from '\.\/\w+\.\w+'$/gm,
        isExact: true,
      },
      { slot: "semicolons", value: "left out", yes: /^ *return \w+$/gm, no: /^ *return \w+;$/gm },
      { slot: "private-member", value: "#", yes: /^ {2}#\w+/gm, no: /^ {2}private /gm },
      { slot: "type-parameter", value: "T prefix", yes: /^ {2}T[A-Z]\w+(?: =|,)/gm, no: /^ {2}(?!T)[A-Z]\w* extends/gm },
      { slot: "export-form", value: "named only", yes: /^export (?:class|function|const) /gm, no: /^export default/gm },
    ],
  },
];

describe.each(PACKAGES)("in $corpus", ({ corpus, truths }) => {
  const files = filesOf(corpus);
  const text = files.map(({ source }) => source).join("\n");
  let state: MiningState;
  let candidates: readonly Candidate[];

  beforeAll(async () => {
    state = mineFolder(files);
    candidates = await proposeCandidates(state);
  });

  it.each(truths)("$slot is $value, as a search of the text says", ({ slot, value, yes, no, isExact }) => {
    const [hits, misses] = [yes, no].map((pattern) => [...text.matchAll(pattern)].length);
    expect(hits).toBeGreaterThan(15);
    expect(misses).toBeLessThan((hits ?? 0) * 0.15);
    const found = candidates.find((each) => each.slot === slot && each.scope === "");
    expect(found).toMatchObject({ value, strength: "established" });
    if (isExact) expect([found?.hits, (found?.opportunities ?? 0) - (found?.hits ?? 0)]).toEqual([hits, misses]);
  });

  it("shows only lines that are there, and proposes nothing twice", () => {
    const lengths = new Map(files.map(({ path, source }) => [path, source.split("\n").length]));
    for (const { path, line, endLine } of candidates.flatMap(placesOf)) {
      expect(line).toBeGreaterThanOrEqual(1);
      expect(endLine).toBeGreaterThanOrEqual(line);
      expect(lengths.get(path)).toBeGreaterThanOrEqual(endLine);
    }
    expect(new Set(candidates.map(({ fingerprint }) => fingerprint)).size).toBe(candidates.length);
  });

  it("a folder, an archive of it, and an archive of it in another order come to the same hash", async () => {
    const states = [state, await mineArchive(files), await mineArchive(files.toReversed())];
    const hashes = await Promise.all(states.map(hashState));
    expect(new Set(hashes).size).toBe(1);
  });

  it.each([1, 4, 16])("%i shards, each stored as JSON, come to the same hash", async (shardCount) => {
    const sources: SourceFile[] = [];
    const intake = openIntake({ onSource: (file) => sources.push(file) });
    putIn(intake, files);
    const fold = openTreeFold();
    for (let shard = 0; shard < shardCount; shard += 1) {
      const mineSource = openSourceMiner();
      const own = sources.filter((_, index) => index % shardCount === shard);
      const stored = JSON.stringify(own.map((file) => ({ path: file.path, tally: mineSource(file) })));
      for (const each of JSON.parse(stored) as { path: string; tally: FileTally }[]) fold.add(each);
    }
    expect(await hashState(fold.finish(intake.paths))).toBe(await hashState(state));
  });
});

function placesOf({ evidence, counterExamples }: Candidate) {
  return [...evidence, ...counterExamples];
}

/** With paths from the package, as its own repository has them. */
function filesOf(corpus: string): SourceFile[] {
  return readCorpus(corpus).map(({ path, source }) => ({ path: `src/${path.slice(corpus.length + 1)}`, source }));
}

function mineFolder(files: readonly SourceFile[]): MiningState {
  const { intake, finish } = openMining();
  putIn(intake, files);
  return finish();
}

function putIn(intake: Intake, files: readonly SourceFile[]): void {
  for (const { path, source } of files) {
    const bytes = Buffer.from(source);
    if (intake.wants(path, bytes.length)) intake.take({ path, size: bytes.length, bytes });
  }
}

async function mineArchive(files: readonly SourceFile[]): Promise<MiningState> {
  const { intake, finish } = openMining();
  const archive = buildTarGz(files.map(({ path, source }) => ({ name: path, prefix: "package-1", body: source })));
  for await (const file of readTar(new Blob([new Uint8Array(archive)]).stream(), { wants: intake.wants })) intake.take(file);
  return finish();
}
