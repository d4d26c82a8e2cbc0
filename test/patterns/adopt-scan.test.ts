import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dumpRows } from "../db/support/count-rows.ts";
import type { Fault } from "../local/http-server.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { candidate, place } from "./support/candidate.ts";
import { FILES, githubIdOf, mountPatterns, openWorkshop, type Workshop } from "./support/open-workshop.ts";

let platform: Platform;
let workshop: Workshop;

beforeAll(async () => {
  platform = await startPlatform();
  mountPatterns(platform);
  // Each job runs when a test says so.
  platform.qstash.chaos.drop = 1;
});
afterAll(() => platform.close());
beforeEach(async () => {
  workshop = await openWorkshop(platform);
});

const patternsOf = async (repoId = workshop.repoId) => (await workshop.owner.patterns.list.query({ repoId, limit: 100 })).items;
const find = async (slot: string) => {
  const found = (await patternsOf()).find(({ name }) => name === `Convention of ${slot}`);
  if (found === undefined) throw new Error(`no pattern of ${slot}`);
  return workshop.owner.patterns.getById.query({ id: found.id });
};

/** Scans a repository whose files are as given, and adopts what was found. @returns the scan. */
async function scan(candidates: unknown[], files = FILES): Promise<string> {
  const id = await workshop.addScan({ candidates, files });
  expect(await workshop.adopt(id)).toBe(200);
  return id;
}

describe("the first scan", () => {
  test("makes each convention a candidate with its checker, its figures, and the places that show it", async () => {
    const scanId = await scan([
      candidate("name-case:function"),
      candidate("file-case", { score: 10, evidence: [place("src/a-file.ts", 1)], counterExamples: [] }),
    ]);
    const code = await find("name-case:function");
    const { lastIngestedCommit: commit, lastIngestedAt } = await workshop.owner.repos.getById.query({ id: workshop.repoId });
    expect(code).toMatchObject({
      type: "code",
      origin: "mined",
      status: "candidate",
      category: "naming",
      scope: "",
      checker: { kind: "decision", slot: "name-case:function", allow: ["kebab-case"], in: { folder: "" } },
      strength: "established",
      hits: 95,
      opportunities: 100,
      files: 40,
      lowerBound: 0.89,
      score: 42.5,
      isCurrent: true,
      extractedByModel: null,
      extractedAt: lastIngestedAt,
      version: 1,
      history: [{ version: 1, action: "propose", toStatus: "candidate", actorKind: "scan", actorId: scanId }],
    });
    expect(code.evidence).toMatchObject([
      { path: "src/a-file.ts", startLine: 3, endLine: 3, commit, addedBy: "extraction", staleReason: null },
      { path: "src/b-file.ts", startLine: 5, endLine: 5 },
    ]);
    expect(code.counterExamples).toMatchObject([{ path: "src/c-file.ts", startLine: 7 }]);
    // Of a name the path is what shows it.
    expect(await find("file-case")).toMatchObject({
      type: "filesystem",
      evidence: [{ path: "src/a-file.ts", startLine: null, endLine: null }],
    });
  });

  test("keeps no place in a file that is not known by its hash", async () => {
    const evidence = [place("src/a-file.ts", 3), place("src/nowhere.ts", 1), place("gone.ts", 1)];
    await scan([candidate("x", { evidence })], [...FILES, { path: "gone.ts", isPresent: false }]);
    expect((await find("x")).evidence.map(({ path }) => path)).toEqual(["src/a-file.ts"]);
  });

  test("tells the repository its id, name, branch and whether it is private", async () => {
    const id = await workshop.addScan({
      row: { full_name: "acme/renamed", default_branch: "trunk", is_private: true, github_id: 4711 },
    });
    await workshop.adopt(id);
    expect(await workshop.owner.repos.getById.query({ id: workshop.repoId })).toMatchObject({
      fullName: "acme/renamed",
      defaultBranch: "trunk",
      isPrivate: true,
    });
  });

  test("stages the measuring of what people have put their hands on", async () => {
    await scan([]);
    expect(
      await platform.database.query("select payload from jobs where name = 'patterns.measure-repo' and mentorado_id = $1", [
        workshop.mentoradoId,
      ]),
    ).toEqual([{ payload: { repoId: workshop.repoId } }]);
  });
});

describe("a later scan", () => {
  const better = { hits: 190, opportunities: 200, score: 60, files: 80, strength: "emerging", lowerBound: 0.91 };

  test("refreshes figures and places of candidates and put-off ones, not their words, version or history", async () => {
    await scan([candidate("one"), candidate("two")]);
    const [one, two] = [await find("one"), await find("two")];
    const put = await workshop.owner.patterns.defer.mutate({ id: two.id });
    const evidence = [place("src/b-file.ts", 5), place("src/c-file.ts", 9)];
    await scan(["one", "two"].map((slot) => candidate(slot, { ...better, evidence, description: "Other words." })));
    for (const [slot, before] of [
      ["one", one],
      ["two", two],
    ] as const) {
      const after = await find(slot);
      expect(after).toMatchObject({ ...better, description: before.description, isCurrent: true });
      expect(after.evidence.map(({ path }) => path)).toEqual(["src/b-file.ts", "src/c-file.ts"]);
      // The place that was there already is the same one.
      expect(after.evidence[0]?.id).toBe(before.evidence[1]?.id);
    }
    expect(await find("two")).toMatchObject({ status: "deferred", resurfacesAt: put.resurfacesAt, version: 2 });
    expect((await find("one")).version).toBe(1);
  });

  test("leaves what was rejected rejected and what holds as it was worded, weighed and checked; only figures change", async () => {
    const { owner } = workshop;
    await scan([candidate("no"), candidate("yes")]);
    const [no, yes] = [await find("no"), await find("yes")];
    await owner.patterns.reject.mutate({ id: no.id, reason: "noise" });
    await owner.patterns.update.mutate({ id: yes.id, name: "Convention of yes", description: "As we say it." });
    await owner.patterns.promote.mutate({ id: yes.id, severity: "error" });
    const found = { ...better, evidence: [place("src/c-file.ts", 1)], name: "Machine words" };
    await scan([candidate("no", found), candidate("yes", found)]);
    expect(await find("no")).toMatchObject({
      ...better,
      status: "rejected",
      rejectionReason: "noise",
      version: 2,
      evidence: no.evidence.map(({ id }) => ({ id })),
    });
    expect(await find("yes")).toMatchObject({
      ...better,
      status: "authoritative",
      description: "As we say it.",
      defaultSeverity: "error",
      checker: yes.checker,
      version: 3,
      evidence: [{ path: "src/c-file.ts" }],
    });
    expect(await patternsOf()).toHaveLength(2);
  });

  test("leaves what was merged merged", async () => {
    const { owner } = workshop;
    await scan([candidate("one"), candidate("two")]);
    const [one, two] = [await find("one"), await find("two")];
    await owner.patterns.merge.mutate({ id: one.id, into: two.id });
    const moved = (await find("two")).evidence.map(({ id }) => id);
    await scan([candidate("one"), candidate("two")]);
    expect(await find("one")).toMatchObject({ status: "rejected", mergedInto: two.id, evidence: [] });
    expect((await find("two")).evidence.map(({ id }) => id)).toEqual(moved);
  });

  test("keeps the figures of a checker that a person has changed", async () => {
    await scan([candidate("one")]);
    const { id } = await find("one");
    const checker = { kind: "decision" as const, slot: "one", allow: ["kebab-case", "camelCase"], in: { folder: "src" } };
    await workshop.owner.patterns.update.mutate({ id, checker });
    await scan([candidate("one", better)]);
    expect(await find("one")).toMatchObject({ hits: 95, opportunities: 100, score: 60, checker, isCurrent: true });
  });

  test("shows what it does not find as no longer current, and current again when it comes back", async () => {
    await scan([candidate("one"), candidate("two")]);
    await scan([candidate("two")]);
    expect(await find("one")).toMatchObject({ isCurrent: false, hits: 95, evidence: [{}, {}] });
    expect((await find("two")).isCurrent).toBe(true);
    await scan([candidate("one"), candidate("two")]);
    expect((await find("one")).isCurrent).toBe(true);
    expect(await patternsOf()).toHaveLength(2);
  });

  test("marks what people showed as stale when its file has changed or is gone, and keeps it", async () => {
    const { owner } = workshop;
    await scan([candidate("one")]);
    const { id, evidence } = await find("one");
    await owner.patterns.setCanonical.mutate({ id, evidenceId: evidence[0]?.id ?? "" });
    await owner.patterns.addEvidence.mutate({ id, path: "src/b-file.ts", startLine: 50, endLine: 60 });
    await owner.patterns.addEvidence.mutate({ id, path: "src/b-file.ts" });
    await owner.patterns.addEvidence.mutate({ id, path: "src/c-file.ts", startLine: 1, endLine: 1 });
    const files = [
      { path: "src/a-file.ts", content: "new" },
      { path: "src/b-file.ts", content: "new" },
    ];
    const elsewhere = { evidence: [place("src/b-file.ts", 99)], counterExamples: [] };
    await scan([candidate("one", elsewhere)], files);
    const stale = async () =>
      (await find("one")).evidence.map(({ path, startLine, staleReason }) => `${path}:${startLine} ${staleReason}`).toSorted();
    expect(await stale()).toEqual([
      "src/a-file.ts:3 changed",
      "src/b-file.ts:50 changed",
      "src/b-file.ts:99 null",
      "src/b-file.ts:null null",
      "src/c-file.ts:1 removed",
    ]);
    expect((await find("one")).evidence[0]).toMatchObject({ path: "src/a-file.ts", isCanonical: true });
    // As it was: not stale any more. What was found again is of the newer commit.
    await scan([candidate("one", elsewhere)], FILES);
    expect(await stale()).toEqual([
      "src/a-file.ts:3 null",
      "src/b-file.ts:50 null",
      "src/b-file.ts:99 null",
      "src/b-file.ts:null null",
      "src/c-file.ts:1 null",
    ]);
  });

  test("verifies at its own commit the places that it finds again in a changed file", async () => {
    await scan([candidate("one")]);
    const before = await find("one");
    await scan(
      [candidate("one")],
      FILES.map((file) => ({ ...file, content: "new" })),
    );
    const after = await find("one");
    expect(after.evidence.map(({ id }) => id)).toEqual(before.evidence.map(({ id }) => id));
    const { lastIngestedCommit } = await workshop.owner.repos.getById.query({ id: workshop.repoId });
    for (const { commit, staleReason } of after.evidence) expect([commit, staleReason]).toEqual([lastIngestedCommit, null]);
  });

  test("does not bring back a place that a person took away", async () => {
    await scan([candidate("one")]);
    const { id, evidence } = await find("one");
    await workshop.owner.patterns.removeEvidence.mutate({ id, evidenceId: evidence[0]?.id ?? "" });
    await scan([candidate("one")]);
    expect((await find("one")).evidence.map(({ path }) => path)).toEqual(["src/b-file.ts"]);
  });
});

describe("a repository that GitHub knows by another name", () => {
  const rename = (repoId: string, full_name: string, github_id = githubIdOf(repoId)) =>
    workshop.addScan({ repoId, row: { full_name, github_id } });
  const show = (id: string) => workshop.owner.repos.getById.query({ id });

  test("takes the new name over, and keeps its patterns", async () => {
    await scan([candidate("one")]);
    await workshop.adopt(await rename(workshop.repoId, "acme/moved"));
    expect((await show(workshop.repoId)).fullName).toBe("acme/moved");
    expect(await patternsOf()).toHaveLength(1);
  });

  test("and was connected under both: the first one stays, the second one is disconnected for it and adopts nothing", async () => {
    const { repoId, addRepo, owner } = workshop;
    await workshop.adopt(await rename(repoId, "acme/old"));
    const second = await addRepo({ full_name: "acme/new" });
    const found = await workshop.addScan({
      repoId: second,
      candidates: [candidate("one")],
      row: { full_name: "acme/new", github_id: githubIdOf(repoId) },
    });
    expect(await workshop.adopt(found)).toBe(200);
    expect(await show(second)).toMatchObject({ duplicateOf: repoId, disconnectedAt: expect.any(String) });
    expect(await patternsOf(second)).toEqual([]);
    // Then the first one learns its new name, which is free now, and is what is found under it.
    await workshop.adopt(await rename(repoId, "acme/new"));
    expect(await show(repoId)).toMatchObject({ fullName: "acme/new", disconnectedAt: null });
    expect(await owner.repos.connect.mutate({ fullName: "acme/new" })).toMatchObject({ id: repoId });
  });

  test("keeps its old name while another connected one has the new one", async () => {
    const { repoId, addRepo } = workshop;
    const other = await addRepo({ full_name: "acme/taken" });
    await workshop.adopt(await rename(repoId, "acme/Taken"));
    expect((await show(repoId)).fullName).toBe("acme/repo-1");
    await workshop.adopt(await rename(other, "acme/moved-on"));
    await workshop.adopt(await rename(repoId, "acme/Taken"));
    expect((await show(repoId)).fullName).toBe("acme/Taken");
  });

  test("and is connected twice at once: one stays, whichever is first", async () => {
    const repos = [await workshop.addRepo(), await workshop.addRepo(), await workshop.addRepo()];
    const scans = await Promise.all(repos.map((repoId, index) => rename(repoId, `acme/name-${index}`, 99)));
    expect(await Promise.all(scans.map((each) => workshop.adopt(each)))).toEqual([200, 200, 200]);
    const shown = await Promise.all(repos.map(show));
    const kept = shown.filter(({ disconnectedAt }) => disconnectedAt === null);
    expect(kept).toHaveLength(1);
    expect(shown.filter(({ duplicateOf }) => duplicateOf === kept[0]?.id)).toHaveLength(2);
  });

  test("does not meet the row of another mentorado, or one that is disconnected", async () => {
    const { repoId, addRepo, owner } = workshop;
    const foreign = await openWorkshop(platform);
    await foreign.adopt(await foreign.addScan({ row: { github_id: 123, full_name: "acme/x" } }));
    const old = await addRepo();
    await workshop.adopt(await rename(old, "acme/x", 123));
    await owner.repos.disconnect.mutate({ id: old });
    await workshop.adopt(await rename(repoId, "acme/x", 123));
    expect(await show(repoId)).toMatchObject({ fullName: "acme/x", disconnectedAt: null, duplicateOf: null });
  });

  test("is adopted also while it is disconnected, so that it is whole when it comes back", async () => {
    await workshop.owner.repos.disconnect.mutate({ id: workshop.repoId });
    await scan([candidate("one")]);
    expect(await patternsOf()).toHaveLength(1);
    expect((await show(workshop.repoId)).duplicateOf).toBeNull();
  });
});

/** All that patterns consist of, without what each run names or times by itself. */
async function state(): Promise<unknown> {
  const { query } = platform.database;
  const of = [workshop.mentoradoId];
  return [
    await query(
      `select fingerprint, name, status, version, hits, opportunities, score, last_scan_id, channels from patterns
        where mentorado_id = $1 order by fingerprint`,
      of,
    ),
    await query(
      `select p.fingerprint, e.path, e.start_line, e.is_counter_example, e.is_canonical, e.commit_sha, e.blob_sha, e.stale_reason, e.added_by
         from pattern_evidence e join patterns p on p.mentorado_id = e.mentorado_id and p.id = e.pattern_id
        where e.mentorado_id = $1 and e.removed_at is null order by 1, 2, 3`,
      of,
    ),
    await query(
      "select p.fingerprint, h.version, h.action, h.to_status from pattern_history h join patterns p on p.id = h.pattern_id where h.mentorado_id = $1 order by 1, 2",
      of,
    ),
    await query(
      "select id, adopted_scan_id, full_name, github_id, disconnected_at is null as is_connected from repos where mentorado_id = $1 order by id",
      of,
    ),
  ];
}

const FIRST = [candidate("one"), candidate("two", { evidence: [place("src/c-file.ts", 2)] })];
const SECOND = [candidate("two", { hits: 70 }), candidate("three")];

describe("however a scan comes", () => {
  test("twice: the second time changes nothing at all but the jobs", async () => {
    const id = await scan(FIRST);
    const { adopted, dump } = { adopted: await state(), dump: await rows() };
    expect(await workshop.adopt(id)).toBe(200);
    expect(await state()).toEqual(adopted);
    expect(await rows()).toBe(dump);
  });

  /** Every table but those of work. */
  async function rows(): Promise<string> {
    const own = ["patterns", "pattern_evidence", "pattern_history", "repos", "repo_files", "scans", "audit_log"];
    const parts = await Promise.all(
      own.map((table) =>
        platform.database.query<{ row: string }>(`select t::text as row from ${table} t where mentorado_id = $1 order by 1`, [
          workshop.mentoradoId,
        ]),
      ),
    );
    return parts
      .flat()
      .map(({ row }) => row)
      .join("\n");
  }

  test("many times at once, or from several jobs, it is adopted once", async () => {
    const id = await workshop.addScan({ candidates: FIRST });
    const answers = await Promise.all(Array.from({ length: 5 }, () => workshop.adopt(id)));
    expect(answers).toEqual([200, 200, 200, 200, 200]);
    const atOnce = await state();
    await workshop.adopt(id);
    expect(await state()).toEqual(atOnce);
    expect(await patternsOf()).toHaveLength(2);
  });

  test("late, after a newer one: it changes nothing", async () => {
    const older = await workshop.addScan({ candidates: FIRST });
    await scan(SECOND);
    const newest = await state();
    expect(await workshop.adopt(older)).toBe(200);
    expect(await state()).toEqual(newest);
    expect((await patternsOf()).map(({ name }) => name).toSorted()).toEqual(["Convention of three", "Convention of two"]);
  });

  test("at once with a newer one, in any order: what counts in the end is the newer one", async () => {
    const older = await workshop.addScan({ candidates: FIRST });
    const newer = await workshop.addScan({ candidates: SECOND });
    await Promise.all([older, newer, older, newer].map((id) => workshop.adopt(id)));
    const current = (await patternsOf()).filter(({ isCurrent }) => isCurrent);
    expect(current.map(({ name, hits }) => [name, hits]).toSorted()).toEqual([
      ["Convention of three", 95],
      ["Convention of two", 70],
    ]);
  });

  test("while people judge, none of either is lost", async () => {
    const { owner } = workshop;
    await scan(FIRST);
    const ids = (await patternsOf()).map(({ id }) => id);
    const scans: string[] = [];
    for (const hits of [1, 2, 3]) scans.push(await workshop.addScan({ candidates: FIRST.map((each) => ({ ...each, hits })) }));
    await Promise.all([
      ...scans.map((id) => workshop.adopt(id)),
      ...ids.map((id) => owner.patterns.setSeverity.mutate({ id, severity: "info" })),
      owner.patterns.promote.mutate({ id: ids[0] ?? "" }),
      owner.patterns.defer.mutate({ id: ids[1] ?? "" }),
    ]);
    for (const id of ids) {
      const { version, hits, history } = await owner.patterns.getById.query({ id });
      expect(hits).toBe(3);
      expect(history.map((line) => line.version)).toEqual(Array.from({ length: version }, (_, index) => version - index));
    }
  });

  test("a scan that is not done, not readable or not there makes the job dead, and changes nothing", async () => {
    await scan(FIRST);
    const before = await state();
    const running = await workshop.addScan({ row: { status: "running", finished_at: null, shards_left: 1 } });
    const odd = await workshop.addScan({ candidates: [candidate("x", { hits: "many" })] });
    const { addScan } = await openWorkshop(platform);
    for (const id of [running, odd, uuidv7(), await addScan({ candidates: SECOND })]) expect(await workshop.adopt(id)).toBe(489);
    expect(await state()).toEqual(before);
  });
});

describe("a crash at any of its steps", () => {
  /** Claim, read, write: what the job asks of the database, in order. */
  const STEPS = [0, 1, 2];
  const KINDS: Fault["kind"][] = ["reset-before", "reset-after", "garbage"];

  test.each(STEPS.flatMap((step) => KINDS.map((kind) => ({ step, kind }))))(
    "leaves after the next delivery what one without a crash leaves: $kind at request $step",
    async ({ step, kind }) => {
      const id = await workshop.addScan({ candidates: FIRST });
      const jobId = await workshop.stageAdoption(id);
      await platform.settled();
      const { bridge } = platform.database;
      bridge.faults.push({ kind, skip: step });
      await platform.ring(jobId);
      bridge.faults.length = 0;
      await platform.database.query(
        "update jobs set run_at = now(), lease_until = null, status = case when status = 'running' then 'pending' else status end where id = $1",
        [jobId],
      );
      expect((await platform.ring(jobId)).status).toBe(200);
      expect(await platform.database.query("select status from jobs where id = $1", [jobId])).toEqual([{ status: "done" }]);
      const after = await state();
      await workshop.adopt(id);
      expect(await state()).toEqual(after);
      expect((await patternsOf()).map(({ name, version }) => [name, version]).toSorted()).toEqual([
        ["Convention of one", 1],
        ["Convention of two", 1],
      ]);
    },
  );
});

test("a scan of thousands of places is adopted within one attempt, in one look and one batch", async () => {
  const paths = Array.from({ length: 400 }, (_, index) => `src/file-${index}.ts`);
  const candidates = Array.from({ length: 150 }, (_, index) =>
    candidate(`slot-${index}`, {
      evidence: Array.from({ length: 8 }, (_, n) => place(paths[(index * 7 + n * 13) % paths.length] ?? "", n + 1)),
      counterExamples: Array.from({ length: 8 }, (_, n) => place(paths[(index * 3 + n * 17) % paths.length] ?? "", n + 1)),
    }),
  );
  const id = await workshop.addScan({ candidates, files: paths.map((path) => ({ path })) });
  const jobId = await workshop.stageAdoption(id);
  await platform.settled();
  const { requests } = platform.database;
  const before = requests.count();
  expect((await platform.ring(jobId)).status).toBe(200);
  // The claim is the third.
  expect(requests.count() - before).toBe(3);
  const [counted] = await platform.database.query(
    "select count(*)::integer as places from pattern_evidence where mentorado_id = $1",
    [workshop.mentoradoId],
  );
  expect(counted).toEqual({ places: 2_400 });
  expect(await dumpRows(platform.database)).toContain("slot-149");
});
