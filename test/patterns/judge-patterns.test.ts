import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { countRows } from "../db/support/count-rows.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { candidate } from "./support/candidate.ts";
import { mountPatterns, openWorkshop, type Workshop } from "./support/open-workshop.ts";

const CHECKER = { kind: "file-name" as const, in: { folder: "src" }, suffix: ".ts" };

let platform: Platform;
let workshop: Workshop;

beforeAll(async () => {
  platform = await startPlatform();
  mountPatterns(platform);
});
afterAll(() => platform.close());
beforeEach(async () => {
  workshop = await openWorkshop(platform);
});

const stored = async (id: string) => {
  const { evidence, counterExamples, history, ...pattern } = await workshop.owner.patterns.getById.query({ id });
  return { pattern, evidence, counterExamples, history };
};
const refusal = (errorCode: string, httpStatus: number) => ({ data: { errorCode, httpStatus } });

function stagedJobs(name: string): Promise<{ payload: object }[]> {
  return platform.database.query("select payload from jobs where name = $1 and mentorado_id = $2", [name, workshop.mentoradoId]);
}

/** What was staged is delivered in the background: until it is done, figures and the audit may still change. */
async function untilMeasured(): Promise<void> {
  const open = "select 1 from jobs where name = 'patterns.measure-repo' and mentorado_id = $1 and status <> 'done'";
  await expect.poll(() => platform.database.query(open, [workshop.mentoradoId]), { timeout: 30_000 }).toEqual([]);
}

/** A pattern with a checker, mined or not makes no difference to those who judge it. */
async function withChecker(): Promise<string> {
  const { owner, repoId } = workshop;
  const words = { repoId, name: "Files end with .ts", description: "All of them.", type: "filesystem" as const };
  return (await owner.patterns.create.mutate({ ...words, checker: CHECKER })).id;
}

describe("a person's proposal", () => {
  test("is a candidate of its repository, with one line of history, and is measured when it has a checker", async () => {
    const { owner, ownerMember, repoId } = workshop;
    const plain = await owner.patterns.create.mutate({
      repoId,
      name: " Names ",
      description: "d",
      type: "code",
      scope: "src/api",
    });
    expect(plain).toMatchObject({
      repoId,
      name: "Names",
      type: "code",
      origin: "person",
      status: "candidate",
      statusChangedBy: ownerMember.userId,
      category: "other",
      scope: "src/api",
      checker: null,
      isCurrent: true,
      extractedByModel: null,
      defaultSeverity: "warning",
      channels: [],
      version: 1,
    });
    expect((await stored(plain.id)).history).toMatchObject([
      { version: 1, action: "create", fromStatus: null, toStatus: "candidate", actorKind: "member", actorId: ownerMember.userId },
    ]);
    expect(await stagedJobs("patterns.measure-repo")).toEqual([]);
    expect((await stored(await withChecker())).pattern).toMatchObject({ checker: CHECKER, scope: "src" });
    expect(await stagedJobs("patterns.measure-repo")).toEqual([{ payload: { repoId } }]);
  });

  test("needs a repository of the own mentorado", async () => {
    const foreign = await openWorkshop(platform);
    for (const repoId of [uuidv7(), foreign.repoId]) {
      await expect(
        workshop.owner.patterns.create.mutate({ repoId, name: "n", description: "d", type: "code" }),
      ).rejects.toMatchObject(refusal("REPO_NOT_FOUND", 404));
    }
  });

  test("with a checker that no database can store is refused by its field", async () => {
    const checker = { kind: "decision" as const, slot: "a\u0000b", allow: ["x"], in: { folder: "" } };
    for (const wrong of [checker, { ...checker, slot: "a", allow: ["\ud800"] }]) {
      await expect(
        workshop.owner.patterns.create.mutate({
          repoId: workshop.repoId,
          name: "n",
          description: "d",
          type: "code",
          checker: wrong,
        }),
      ).rejects.toMatchObject({ data: { errorCode: "VALIDATION", field: "checker" } });
    }
  });
});

describe("promotion", () => {
  test("says who, when, how severe and why, speaks wherever it can, and is measured", async () => {
    const { owner, ownerMember, repoId } = workshop;
    const id = await withChecker();
    const pattern = await owner.patterns.promote.mutate({ id, severity: "error", rationale: "We agreed." });
    expect(pattern).toMatchObject({
      status: "authoritative",
      statusChangedBy: ownerMember.userId,
      validatedBy: ownerMember.userId,
      validatedAt: expect.stringMatching(/Z$/),
      defaultSeverity: "error",
      rationale: "We agreed.",
      channels: ["pull_request", "agents"],
      version: 2,
    });
    const { hits, opportunities, lowerBound, ...said } = pattern;
    await untilMeasured();
    expect((await stored(id)).pattern).toMatchObject({ ...said, hits: 3, opportunities: 3 });
    expect(await stagedJobs("patterns.measure-repo")).toEqual([{ payload: { repoId } }, { payload: { repoId } }]);
  });

  test("without a checker speaks to agents alone, and not on pull requests, even when asked", async () => {
    const { owner, propose } = workshop;
    const id = await propose();
    await expect(owner.patterns.promote.mutate({ id, channels: ["pull_request"] })).rejects.toMatchObject(
      refusal("CHECKER_REQUIRED", 412),
    );
    expect(await stored(id)).toMatchObject({ pattern: { status: "candidate", version: 1 }, history: [{ version: 1 }] });
    expect(await owner.patterns.promote.mutate({ id })).toMatchObject({ channels: ["agents"], defaultSeverity: "warning" });
    await expect(owner.patterns.setChannels.mutate({ id, channels: ["pull_request"] })).rejects.toMatchObject(
      refusal("CHECKER_REQUIRED", 412),
    );
    await owner.patterns.update.mutate({ id, checker: CHECKER });
    expect(await owner.patterns.setChannels.mutate({ id, channels: ["agents", "pull_request"] })).toMatchObject({
      channels: ["pull_request", "agents"],
    });
    await expect(owner.patterns.update.mutate({ id, checker: null })).rejects.toMatchObject(refusal("CHECKER_REQUIRED", 412));
    await owner.patterns.setChannels.mutate({ id, channels: [] });
    expect(await owner.patterns.update.mutate({ id, checker: null })).toMatchObject({ checker: null, channels: [] });
  });

  test("with its idempotency key happens once", async () => {
    const { kernel, ownerMember, propose } = workshop;
    const { patternsRouter: router } = await import("../../functions/patterns/router.ts");
    const caller = platform.caller(ownerMember, { idempotencyKey: uuidv7() });
    const client = platform.client({ router, kernel, caller });
    const id = await propose();
    const first = await client.patterns.promote.mutate({ id });
    expect(await client.patterns.promote.mutate({ id })).toEqual(first);
    expect((await stored(id)).history.map(({ version }) => version)).toEqual([2, 1]);
  });
});

test("a verdict by its status answers success with the pattern, as the verb of that status does", async () => {
  const { owner, propose, ownerMember } = workshop;
  const [first, second, third] = [await propose(), await propose(), await propose()];
  expect(await owner.patterns.updateStatus.mutate({ id: first, status: "authoritative", rationale: "yes" })).toMatchObject({
    success: true,
    pattern: { id: first, status: "authoritative", rationale: "yes", validatedBy: ownerMember.userId, channels: ["agents"] },
  });
  expect(await owner.patterns.updateStatus.mutate({ id: second, status: "rejected", rationale: "no" })).toMatchObject({
    success: true,
    pattern: { id: second, status: "rejected", rejectionReason: "no", validatedBy: null },
  });
  expect(await owner.patterns.updateStatus.mutate({ id: third, status: "deferred" })).toMatchObject({
    success: true,
    pattern: { id: third, status: "deferred", deferCount: 1 },
  });
  await expect(owner.patterns.updateStatus.mutate({ id: second, status: "deferred" })).rejects.toMatchObject(
    refusal("PATTERN_STATUS_REFUSED", 409),
  );
  const foreign = await openWorkshop(platform);
  for (const id of [uuidv7(), await foreign.propose()]) {
    await expect(owner.patterns.updateStatus.mutate({ id, status: "rejected" })).rejects.toMatchObject(
      refusal("PATTERN_NOT_FOUND", 404),
    );
  }
});

describe("putting off", () => {
  const days = (from: string | null, until: string | null) => (Date.parse(until ?? "") - Date.parse(from ?? "")) / 86_400_000;

  test("takes 30 days, and 30 more each further time", async () => {
    const { owner, propose } = workshop;
    const id = await propose();
    for (const count of [1, 2, 3]) {
      const { deferCount, deferredAt, resurfacesAt } = await owner.patterns.defer.mutate({ id });
      expect([deferCount, Math.round(days(deferredAt, resurfacesAt))]).toEqual([count, 30 * count]);
    }
    expect(await owner.patterns.reopen.mutate({ id })).toMatchObject({
      status: "candidate",
      deferCount: 3,
      deferredAt: null,
      resurfacesAt: null,
    });
  });

  test("until a day of one's own, which lies ahead", async () => {
    const { owner, propose } = workshop;
    const id = await propose();
    const until = "2099-05-01T12:00:00-03:00";
    expect((await owner.patterns.defer.mutate({ id, until })).resurfacesAt).toBe("2099-05-01T15:00:00.000Z");
    await expect(owner.patterns.defer.mutate({ id, until: "2020-01-01T00:00:00Z" })).rejects.toMatchObject(
      refusal("UNTIL_PAST", 400),
    );
    expect((await stored(id)).pattern).toMatchObject({ deferCount: 1, version: 2 });
  });
});

test("what was rejected, deprecated or merged is opened again without what belonged to that", async () => {
  const { owner, propose } = workshop;
  const [rejected, deprecated, merged, target] = [await propose(), await propose(), await propose(), await propose()];
  await owner.patterns.reject.mutate({ id: rejected, reason: "noise" });
  await owner.patterns.promote.mutate({ id: deprecated });
  expect(await owner.patterns.deprecate.mutate({ id: deprecated, rationale: "old" })).toMatchObject({ status: "deprecated" });
  await owner.patterns.merge.mutate({ id: merged, into: target });
  for (const id of [rejected, deprecated, merged]) {
    expect(await owner.patterns.reopen.mutate({ id })).toMatchObject({
      status: "candidate",
      rejectionReason: null,
      mergedInto: null,
    });
  }
});

describe("the history", () => {
  test("has a line for each version: who did what, from which status to which, why, and what was set", async () => {
    const { owner, propose, ownerMember, join } = workshop;
    const { client: manager, member } = await join("manager");
    const id = await propose();
    await manager.patterns.update.mutate({ id, name: "Better words" });
    await owner.patterns.setSeverity.mutate({ id, severity: "info" });
    await owner.patterns.promote.mutate({ id, rationale: "agreed" });
    await manager.patterns.deprecate.mutate({ id, rationale: "outdated" });
    const { items, nextCursor } = await owner.patterns.history.query({ id });
    expect(nextCursor).toBeNull();
    expect(
      items.map(({ version, action, fromStatus, toStatus, actorId, rationale, change }) => [
        version,
        action,
        fromStatus,
        toStatus,
        actorId,
        rationale,
        change,
      ]),
    ).toEqual([
      [5, "deprecate", "authoritative", "deprecated", member.userId, "outdated", null],
      [4, "promote", "candidate", "authoritative", ownerMember.userId, "agreed", {}],
      [3, "set_severity", "candidate", "candidate", ownerMember.userId, null, { severity: "info" }],
      [2, "update", "candidate", "candidate", member.userId, null, { name: "Better words" }],
      [1, "create", null, "candidate", ownerMember.userId, null, null],
    ]);
    const page = await owner.patterns.history.query({ id, limit: 2 });
    expect(page.items.map(({ version }) => version)).toEqual([5, 4]);
    const rest = await owner.patterns.history.query({ id, limit: 100, cursor: page.nextCursor ?? 0 });
    expect(rest.items.map(({ version }) => version)).toEqual([3, 2, 1]);
  });

  test("is not changed by anybody", async () => {
    await workshop.propose();
    await expect(platform.database.query("update pattern_history set rationale = 'x'")).rejects.toMatchObject({
      message: "APPEND_ONLY",
    });
  });
});

describe("a change", () => {
  test("of a version that somebody has changed since is refused, and writes nothing", async () => {
    const { owner, propose } = workshop;
    const [id, into] = [await withChecker(), await propose()];
    await owner.patterns.setSeverity.mutate({ id, severity: "info", expectedVersion: 1 });
    await untilMeasured();
    const before = await countRows(platform.database);
    const which = { id, expectedVersion: 1 };
    for (const act of [
      () => owner.patterns.promote.mutate(which),
      () => owner.patterns.reject.mutate(which),
      () => owner.patterns.defer.mutate(which),
      () => owner.patterns.updateStatus.mutate({ ...which, status: "rejected" }),
      () => owner.patterns.merge.mutate({ ...which, into }),
      () => owner.patterns.update.mutate({ ...which, name: "x" }),
      () => owner.patterns.setSeverity.mutate({ ...which, severity: "error" }),
      () => owner.patterns.setChannels.mutate({ ...which, channels: [] }),
    ]) {
      await expect(act()).rejects.toMatchObject(refusal("STALE_VERSION", 409));
    }
    expect(await countRows(platform.database)).toEqual(before);
  });

  test("that many make at once is made by one, when they all saw the same version", async () => {
    const { owner, propose } = workshop;
    const id = await propose();
    const answers = await Promise.allSettled(
      Array.from({ length: 6 }, (_, index) => owner.patterns.update.mutate({ id, name: `Name ${index}`, expectedVersion: 1 })),
    );
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect((await stored(id)).history.map(({ version }) => version)).toEqual([2, 1]);
  });

  test("of the status that several make at once happens once", async () => {
    const { owner, propose } = workshop;
    const id = await propose();
    const verdicts = [...Array(3)].flatMap(() => [owner.patterns.promote.mutate({ id }), owner.patterns.reject.mutate({ id })]);
    const answers = await Promise.allSettled(verdicts);
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const { pattern, history } = await stored(id);
    expect(history).toMatchObject([{ version: 2, toStatus: pattern.status }, { version: 1 }]);
  });

  test("without a version is made by each, one after the other, none is lost", async () => {
    const { owner, propose } = workshop;
    const id = await propose();
    await Promise.all(Array.from({ length: 8 }, () => owner.patterns.defer.mutate({ id })));
    const { pattern, history } = await stored(id);
    expect([pattern.version, pattern.deferCount, history.length]).toEqual([9, 8, 9]);
  });
});

describe("evidence", () => {
  const place = { path: "src/a-file.ts", startLine: 3, endLine: 5 };

  test("of a file that is there is kept with its commit; the path alone is evidence, too", async () => {
    const { owner, propose, repoId } = workshop;
    const id = await propose();
    await owner.patterns.addEvidence.mutate({ id, ...place });
    await owner.patterns.addEvidence.mutate({ id, path: "src/b-file.ts", isCounterExample: true });
    const { lastIngestedCommit: commit } = await owner.repos.getById.query({ id: repoId });
    const { pattern, evidence, counterExamples, history } = await stored(id);
    const shown = { commit, addedBy: "person", isCanonical: false, staleReason: null };
    expect(evidence).toMatchObject([{ ...place, ...shown, isCounterExample: false }]);
    expect(counterExamples).toMatchObject([{ path: "src/b-file.ts", startLine: null, endLine: null, ...shown }]);
    expect(pattern.version).toBe(3);
    expect(history[1]).toMatchObject({ action: "add_evidence", change: { ...place, isCounterExample: false } });
  });

  test("that nobody can find is refused: no such file, gone, of another repository, or past its end", async () => {
    const { owner, propose, addScan, addRepo } = workshop;
    const id = await propose();
    const elsewhere = await addRepo();
    await addScan({ repoId: elsewhere, files: [{ path: "only-there.ts" }] });
    await addScan({
      files: [
        { path: "src/a-file.ts", sizeBytes: 10 },
        { path: "gone.ts", isPresent: false },
      ],
    });
    const before = await stored(id);
    for (const wrong of [
      { path: "src/nowhere.ts" },
      { path: "SRC/a-file.ts" },
      { path: "gone.ts" },
      { path: "only-there.ts" },
      { path: "src/a-file.ts", startLine: 1_000, endLine: 1_002 },
    ]) {
      await expect(owner.patterns.addEvidence.mutate({ id, ...wrong })).rejects.toMatchObject(refusal("EVIDENCE_NOT_FOUND", 404));
    }
    for (const wrong of [{ startLine: 3 }, { endLine: 3 }, { startLine: 5, endLine: 3 }]) {
      await expect(owner.patterns.addEvidence.mutate({ id, path: "src/a-file.ts", ...wrong })).rejects.toMatchObject({
        data: { errorCode: "VALIDATION", field: "endLine" },
      });
    }
    for (const path of ["/etc/passwd", "../a.ts", "a//b.ts", "./a.ts", "a/", ""]) {
      await expect(owner.patterns.addEvidence.mutate({ id, path })).rejects.toMatchObject({ data: { field: "path" } });
    }
    expect(await stored(id)).toEqual(before);
  });

  test("that is there already is not added again, however many add it at once", async () => {
    const { owner, propose } = workshop;
    const id = await propose();
    const answers = await Promise.allSettled(
      Array.from({ length: 5 }, () => owner.patterns.addEvidence.mutate({ id, ...place })),
    );
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(answers.find(({ status }) => status === "rejected")).toMatchObject({ reason: refusal("EVIDENCE_EXISTS", 409) });
    expect((await stored(id)).evidence).toHaveLength(1);
  });

  test("is taken away for good, and may be shown again by a person", async () => {
    const { owner, propose } = workshop;
    const [id, other] = [await propose(), await propose()];
    await owner.patterns.addEvidence.mutate({ id, ...place });
    const [first] = (await stored(id)).evidence;
    const evidenceId = first?.id ?? "";
    await expect(owner.patterns.removeEvidence.mutate({ id: other, evidenceId })).rejects.toMatchObject(
      refusal("EVIDENCE_NOT_FOUND", 404),
    );
    expect(await owner.patterns.removeEvidence.mutate({ id, evidenceId })).toMatchObject({ version: 3 });
    expect(await stored(id)).toMatchObject({ evidence: [], history: [{ action: "remove_evidence", change: place }, {}, {}] });
    await expect(owner.patterns.removeEvidence.mutate({ id, evidenceId })).rejects.toMatchObject(
      refusal("EVIDENCE_NOT_FOUND", 404),
    );
    await owner.patterns.addEvidence.mutate({ id, ...place });
    expect((await stored(id)).evidence).toHaveLength(1);
  });

  test("has one canonical place, which comes first, however many are chosen at once; a counter-example is none", async () => {
    const { owner, propose } = workshop;
    const id = await propose();
    for (const startLine of [1, 2, 3]) {
      await owner.patterns.addEvidence.mutate({ id, path: "src/a-file.ts", startLine, endLine: startLine });
    }
    await owner.patterns.addEvidence.mutate({ id, path: "src/c-file.ts", isCounterExample: true });
    const { evidence, counterExamples } = await stored(id);
    await Promise.all(evidence.map(({ id: evidenceId }) => owner.patterns.setCanonical.mutate({ id, evidenceId })));
    const last = evidence[2]?.id ?? "";
    await owner.patterns.setCanonical.mutate({ id, evidenceId: last });
    const after = await stored(id);
    expect(after.evidence.map(({ id: each, isCanonical }) => [each === last, isCanonical])).toEqual([
      [true, true],
      [false, false],
      [false, false],
    ]);
    await expect(owner.patterns.setCanonical.mutate({ id, evidenceId: counterExamples[0]?.id ?? "" })).rejects.toMatchObject(
      refusal("COUNTER_EXAMPLE", 412),
    );
  });

  test("has an end", async () => {
    const { owner, propose, mentoradoId } = workshop;
    const id = await propose();
    await platform.database.query(
      `insert into pattern_evidence (mentorado_id, id, pattern_id, path, start_line, end_line, commit_sha, blob_sha, added_by)
       select $1, gen_random_uuid(), $2, 'src/a-file.ts', n, n, 'c', 'b', 'person'
         from generate_series(1, 100) n, set_config('app.actor_type', 'system', true)`,
      [mentoradoId, id],
    );
    await expect(owner.patterns.addEvidence.mutate({ id, path: "src/b-file.ts" })).rejects.toMatchObject(
      refusal("EVIDENCE_FULL", 409),
    );
  });
});

describe("merging", () => {
  test("moves what shows the one to the other, once each, and both tell of it", async () => {
    const { owner, propose } = workshop;
    const [id, into] = [await propose(), await propose()];
    const shared = { path: "src/a-file.ts", startLine: 1, endLine: 2 };
    await owner.patterns.addEvidence.mutate({ id, ...shared });
    await owner.patterns.addEvidence.mutate({ id, path: "src/b-file.ts" });
    await owner.patterns.addEvidence.mutate({ id: into, ...shared });
    const [canonical] = (await stored(id)).evidence;
    await owner.patterns.setCanonical.mutate({ id, evidenceId: canonical?.id ?? "" });
    const kept = await owner.patterns.merge.mutate({ id, into, rationale: "the same" });
    expect(kept).toMatchObject({ id: into, status: "candidate", version: 3 });
    const [from, to] = [await stored(id), await stored(into)];
    expect(from.pattern).toMatchObject({ status: "rejected", mergedInto: into, version: 5 });
    expect(from.history[0]).toMatchObject({ action: "merge", rationale: "the same", change: { into } });
    expect(to.history[0]).toMatchObject({ action: "absorb", rationale: "the same", change: { merged: id } });
    expect(to.evidence.map(({ path }) => path).toSorted()).toEqual(["src/a-file.ts", "src/b-file.ts"]);
    expect(to.evidence.filter(({ isCanonical }) => isCanonical)).toEqual([]);
  });

  test("of two into each other at once merges one", async () => {
    const { owner, propose } = workshop;
    const [first, second] = [await propose(), await propose()];
    const answers = await Promise.allSettled([
      owner.patterns.merge.mutate({ id: first, into: second }),
      owner.patterns.merge.mutate({ id: second, into: first }),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(answers.find(({ status }) => status === "rejected")).toMatchObject({
      reason: refusal("PATTERN_STATUS_REFUSED", 409),
    });
  });

  test("into itself, into what is no more, of what holds, across repositories or mentorados is refused", async () => {
    const { owner, propose, addRepo } = workshop;
    const [id, gone, holding] = [await propose(), await propose(), await propose()];
    await owner.patterns.reject.mutate({ id: gone });
    await owner.patterns.promote.mutate({ id: holding });
    const elsewhere = await owner.patterns.create.mutate({
      repoId: await addRepo(),
      name: "n",
      description: "d",
      type: "code",
    });
    const foreign = await (await openWorkshop(platform)).propose();
    await expect(owner.patterns.merge.mutate({ id, into: id })).rejects.toMatchObject({ data: { field: "into" } });
    for (const [from, into, refused] of [
      [id, gone, refusal("PATTERN_STATUS_REFUSED", 409)],
      [holding, id, refusal("PATTERN_STATUS_REFUSED", 409)],
      [id, elsewhere.id, refusal("OTHER_REPOSITORY", 409)],
      [id, foreign, refusal("PATTERN_NOT_FOUND", 404)],
      [foreign, id, refusal("PATTERN_NOT_FOUND", 404)],
    ] as const) {
      await expect(owner.patterns.merge.mutate({ id: from, into })).rejects.toMatchObject(refused);
    }
    expect((await stored(id)).pattern.version).toBe(1);
    expect(await owner.patterns.merge.mutate({ id, into: holding })).toMatchObject({ status: "authoritative", version: 3 });
  });
});

describe("lists", () => {
  test("of a repository go by score and by page, and by status when asked", async () => {
    const { owner, repoId, adopt, addScan, propose } = workshop;
    const candidates = [1, 2, 3].map((score) => candidate(`slot-${score}`, { score }));
    await adopt(await addScan({ candidates }));
    await propose({ name: "By hand" });
    const all = await owner.patterns.list.query({ repoId });
    expect(all).toMatchObject({ page: 1, limit: 20 });
    expect(all.items.map(({ name }) => name)).toEqual([
      "Convention of slot-3",
      "Convention of slot-2",
      "Convention of slot-1",
      "By hand",
    ]);
    const second = await owner.patterns.list.query({ repoId, page: 2, limit: 3 });
    expect(second).toMatchObject({ items: [{ name: "By hand" }], page: 2, limit: 3 });
    expect((await owner.patterns.list.query({ repoId, page: 9 })).items).toEqual([]);
    await owner.patterns.reject.mutate({ id: all.items[1]?.id ?? "" });
    expect((await owner.patterns.list.query({ repoId, status: "rejected" })).items).toMatchObject([{ score: 2 }]);
    expect((await owner.patterns.list.query({ repoId: uuidv7() })).items).toEqual([]);
  });

  test("of what waits for a decision show put-off ones in their place once their time has come, and count them all", async () => {
    const { owner, repoId, adopt, addScan, addRepo, propose } = workshop;
    const slots = ["first", "second", "third", "fourth"].map((slot, index) => candidate(slot, { score: 40 - index }));
    await adopt(await addScan({ candidates: slots }));
    await propose({ name: "By hand" });
    const { items } = await owner.patterns.list.query({ repoId });
    const [first = "", second = "", third = "", fourth = ""] = items.map(({ id }) => id);
    await owner.patterns.defer.mutate({ id: second });
    await owner.patterns.defer.mutate({ id: third });
    await owner.patterns.promote.mutate({ id: fourth });
    for (const _ of [1, 2]) await owner.patterns.defer.mutate({ id: second });
    await platform.database.query(
      "update patterns set resurfaces_at = now() from set_config('app.actor_type', 'system', true) where id = $1",
      [second],
    );
    const queue = await owner.patterns.triageQueue.query({ repoId });
    expect(queue.counts).toEqual({ waiting: 3, resurfaced: 1, stuck: 1, deferred: 1 });
    expect(queue.items.map(({ id, isResurfaced }) => [id, isResurfaced])).toEqual([
      [first, false],
      [second, true],
      [items[4]?.id, false],
    ]);
    // What a newer scan no longer finds comes after what still holds.
    await adopt(await addScan({ candidates: slots.slice(1) }));
    expect((await owner.patterns.triageQueue.query()).items.map(({ id }) => id)).toEqual([second, items[4]?.id, first]);
    expect((await owner.patterns.triageQueue.query({ limit: 1 })).items.map(({ id }) => id)).toEqual([second]);
    expect((await owner.patterns.triageQueue.query({ repoId: await addRepo() })).items).toEqual([]);
    await owner.repos.disconnect.mutate({ id: repoId });
    expect(await owner.patterns.triageQueue.query()).toEqual({
      items: [],
      needsReview: [],
      counts: { waiting: 0, resurfaced: 0, stuck: 0, deferred: 0 },
    });
  });
});

test("a mentor of success proposes and shows, but does not judge; a viewer only reads", async () => {
  const { propose, join, repoId } = workshop;
  const id = await propose();
  const { client: success } = await join("success");
  const { client: viewer } = await join("viewer");
  await success.patterns.create.mutate({ repoId, name: "n", description: "d", type: "code" });
  await success.patterns.addEvidence.mutate({ id, path: "src/a-file.ts" });
  expect((await viewer.patterns.getById.query({ id })).evidence).toHaveLength(1);
  for (const act of [
    () => success.patterns.promote.mutate({ id }),
    () => success.patterns.update.mutate({ id, name: "x" }),
    () => success.repos.connect.mutate({ url: "https://github.com/a/b" }),
    () => viewer.patterns.create.mutate({ repoId, name: "n", description: "d", type: "code" }),
  ]) {
    await expect(act()).rejects.toMatchObject({ data: { errorCode: "PERMISSION_REQUIRED" } });
  }
});
