import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Platform, startPlatform } from "../support/platform.ts";
import { candidate } from "./support/candidate.ts";
import { mountPatterns, openWorkshop, type Workshop } from "./support/open-workshop.ts";

const TIMEOUT_MS = 120_000;
/** How many patterns a walk begins with. */
const PATTERNS = 3;

type Status = "candidate" | "authoritative" | "rejected" | "deferred" | "deprecated";

/** What is known of a pattern without asking: written by hand, apart from the table that the Worker goes by. */
interface Model {
  status: Status;
  version: number;
  history: string[];
  mergedInto: number | null;
  deferCount: number;
}

const OPEN: Status[] = ["candidate", "deferred"];
const ALIVE: Status[] = [...OPEN, "authoritative"];

type Act =
  | { verb: "promote" | "reject" | "defer" | "reopen" | "deprecate" | "setSeverity" | "update"; on: number; stale: boolean }
  | { verb: "merge"; on: number; into: number; stale: boolean }
  | { verb: "addEvidence"; on: number; line: number }
  | { verb: "scan"; found: number[] };

const on = fc.nat(PATTERNS - 1);
/** One act in ten names a version that is not the present one. */
const stale = fc.nat(9).map((die) => die === 0);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      verb: fc.constantFrom("promote", "reject", "defer", "reopen", "deprecate", "setSeverity", "update"),
      on,
      stale,
    }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant("merge"), on, into: on, stale }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant("addEvidence"), on, line: fc.integer({ min: 1, max: 900 }) }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant("scan"), found: fc.subarray([...Array(PATTERNS).keys()]) }) },
);

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
  mountPatterns(platform);
  platform.qstash.chaos.drop = 1;
});
afterAll(() => platform.close());

test("however people and scans take turns, each pattern is as a small model says: status, version, history", {
  timeout: TIMEOUT_MS,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 4, maxLength: 14 }), async (acts) => {
      const workshop = await openWorkshop(platform);
      const found = [...Array(PATTERNS).keys()];
      await scan(workshop, found);
      const ids = (await workshop.owner.patterns.list.query({ repoId: workshop.repoId })).items.map(({ id }) => id);
      const models = found.map(
        (): Model => ({ status: "candidate", version: 1, history: ["candidate"], mergedInto: null, deferCount: 0 }),
      );
      const shown = new Map(ids.map((id): [string, Set<number>] => [id, new Set()]));
      for (const each of acts) {
        const expected = foresee({ act: each, models, ids, shown });
        expect(await perform({ act: each, workshop, ids, models }), JSON.stringify(each)).toBe(expected);
        if (expected === "done") apply({ act: each, models });
      }
      await compare({ workshop, ids, models });
    }),
    { numRuns: 40 },
  );
});

/** The score keeps the order of the patterns. */
async function scan({ addScan, adopt }: Workshop, found: number[]): Promise<void> {
  await adopt(await addScan({ candidates: found.map((index) => candidate(`slot-${index}`, { score: 100 - index })) }));
}

function foresee({
  act,
  models,
  ids,
  shown,
}: {
  act: Act;
  models: Model[];
  ids: string[];
  shown: Map<string, Set<number>>;
}): string {
  if (act.verb === "scan") return "done";
  const model = models[act.on] as Model;
  if (act.verb === "merge" && act.into === act.on) return "VALIDATION";
  if ("stale" in act && act.stale) return "STALE_VERSION";
  if (!mayDo(act.verb, model.status)) return "PATTERN_STATUS_REFUSED";
  if (act.verb === "merge" && !ALIVE.includes((models[act.into] as Model).status)) return "PATTERN_STATUS_REFUSED";
  if (act.verb === "addEvidence") {
    const lines = shown.get(ids[act.on] ?? "") as Set<number>;
    if (lines.has(act.line)) return "EVIDENCE_EXISTS";
    lines.add(act.line);
  }
  if (act.verb === "merge") {
    const [from, to] = [shown.get(ids[act.on] ?? ""), shown.get(ids[act.into] ?? "")];
    for (const line of from ?? []) to?.add(line);
    from?.clear();
  }
  return "done";
}

function mayDo(verb: Exclude<Act["verb"], "scan">, status: Status): boolean {
  switch (verb) {
    case "promote":
    case "reject":
    case "defer":
    case "merge":
      return OPEN.includes(status);
    case "reopen":
      return ["rejected", "deferred", "deprecated"].includes(status);
    case "deprecate":
      return status === "authoritative";
    case "setSeverity":
    case "update":
    case "addEvidence":
      return ALIVE.includes(status);
  }
}

const LEADS_TO = {
  promote: "authoritative",
  reject: "rejected",
  merge: "rejected",
  defer: "deferred",
  reopen: "candidate",
  deprecate: "deprecated",
} as const;

function apply({ act, models }: { act: Act; models: Model[] }): void {
  if (act.verb === "scan") return;
  step(models[act.on] as Model, act.verb in LEADS_TO ? LEADS_TO[act.verb as keyof typeof LEADS_TO] : undefined);
  const model = models[act.on] as Model;
  if (act.verb === "defer") model.deferCount += 1;
  if (act.verb in LEADS_TO) model.mergedInto = act.verb === "merge" ? act.into : null;
  if (act.verb === "merge") step(models[act.into] as Model);
}

function step(model: Model, status: Status = model.status): void {
  model.status = status;
  model.version += 1;
  model.history.push(status);
}

/** @returns `done`, or the code of the refusal. */
async function perform({
  act,
  workshop,
  ids,
  models,
}: {
  act: Act;
  workshop: Workshop;
  ids: string[];
  models: Model[];
}): Promise<string> {
  if (act.verb === "scan") {
    await scan(workshop, act.found);
    return "done";
  }
  const { patterns } = workshop.owner;
  const id = ids[act.on] ?? "";
  const { version } = models[act.on] as Model;
  const which = { id, expectedVersion: "stale" in act && act.stale ? version + 1 : version };
  try {
    switch (act.verb) {
      case "setSeverity":
        await patterns.setSeverity.mutate({ ...which, severity: "info" });
        break;
      case "update":
        await patterns.update.mutate({ ...which, description: `Version ${version}` });
        break;
      case "merge":
        await patterns.merge.mutate({ ...which, into: ids[act.into] ?? "" });
        break;
      case "addEvidence":
        await patterns.addEvidence.mutate({ id, path: "src/c-file.ts", startLine: act.line, endLine: act.line + 1 });
        break;
      case "promote":
      case "reject":
      case "defer":
      case "reopen":
      case "deprecate":
        await patterns[act.verb].mutate(which);
        break;
    }
    return "done";
  } catch (error) {
    return (error as { data: { errorCode: string } }).data.errorCode;
  }
}

async function compare({ workshop, ids, models }: { workshop: Workshop; ids: string[]; models: Model[] }): Promise<void> {
  for (const [index, { history, mergedInto, ...model }] of models.entries()) {
    const id = ids[index] ?? "";
    const pattern = await workshop.owner.patterns.getById.query({ id });
    expect(pattern).toMatchObject({ ...model, mergedInto: mergedInto === null ? null : ids[mergedInto] });
    const { items } = await workshop.owner.patterns.history.query({ id, limit: 100 });
    expect(items.map(({ toStatus }) => toStatus).reverse()).toEqual(history);
    expect(items.map(({ version }) => version)).toEqual(items.map((_, line) => model.version - line));
  }
}
