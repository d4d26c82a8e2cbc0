import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { insertRow } from "../db/support/insert-row.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { addPull } from "./support/add-pull.ts";
import { openWorkshop, type Workshop } from "./support/open-workshop.ts";

const CHECKER = { kind: "call" as const, never: ["console.log"], in: { folder: "" } };
const LATER = "2099-01-01T00:00:00.000Z";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

async function openHeld(): Promise<Workshop & { patternId: string }> {
  const workshop = await openWorkshop(platform);
  const { id: patternId } = await workshop.owner.patterns.create.mutate({
    repoId: workshop.repoId,
    name: "No logging",
    description: "Logs go through the logger.",
    type: "code",
    checker: CHECKER,
  });
  await workshop.owner.patterns.promote.mutate({ id: patternId, severity: "error" });
  return { ...workshop, patternId };
}

describe("the mode of a repository", () => {
  it("is the shadow until somebody changes it", async () => {
    const { owner, addRepo, mentoradoId } = await openWorkshop(platform);
    const repoId = await addRepo({ source: "installation", installation_id: 7 });
    expect(await owner.repos.getById.query({ id: repoId })).toMatchObject({ checkMode: "shadow" });
    expect(await owner.repos.setCheckMode.mutate({ id: repoId, mode: "enforce" })).toMatchObject({
      checkMode: "enforce",
      version: 2,
    });
    expect(await owner.repos.setCheckMode.mutate({ id: repoId, mode: "off" })).toMatchObject({ checkMode: "off" });
    const [audit] = await platform.database.query(
      "select after ->> 'check_mode' as mode from audit_log where mentorado_id = $1 and table_name = 'repos' order by at desc, id desc limit 1",
      [mentoradoId],
    );
    expect(audit).toEqual({ mode: "off" });
  });

  it("is not to enforce where the App may not write, nor changed of what is not connected", async () => {
    const { owner, repoId } = await openWorkshop(platform);
    const enforce = (id: string) => owner.repos.setCheckMode.mutate({ id, mode: "enforce" });
    await expect(enforce(repoId)).rejects.toMatchObject({ data: { errorCode: "INSTALLATION_REQUIRED" } });
    await expect(enforce(uuidv7())).rejects.toMatchObject({ data: { errorCode: "REPO_NOT_FOUND" } });
    await owner.repos.disconnect.mutate({ id: repoId });
    await expect(enforce(repoId)).rejects.toMatchObject({ data: { errorCode: "REPO_DISCONNECTED" } });
  });

  it("is changed by those alone who manage repositories", async () => {
    const { join, repoId } = await openWorkshop(platform);
    const { client } = await join("success");
    const attempt = client.repos.setCheckMode.mutate({ id: repoId, mode: "off" });
    await expect(attempt).rejects.toMatchObject({ data: { code: "FORBIDDEN" } });
  });
});

describe("pull requests", () => {
  it("are listed newest first, each with its latest check and what counts", async () => {
    const { owner, mentoradoId, repoId, patternId } = await openHeld();
    const older = await addPull({
      platform,
      mentoradoId,
      repoId,
      checks: [{ [patternId]: [4, 1] }],
      violations: { [patternId]: 3 },
    });
    const newer = await addPull({ platform, mentoradoId, repoId, checks: [], row: { state: "merged" } });
    await platform.database.query("update violations set resolved_at = now() where id = $1", [older.violationIds[0]]);
    await owner.patterns.dismissViolation.mutate({
      id: older.violationIds[1] ?? "",
      reason: "A command",
      isFalsePositive: false,
    });
    const { items } = await owner.repos.pulls.query({ repoId });
    expect(items).toMatchObject([
      { id: newer.id, check: null, openViolations: { error: 0, warning: 0, info: 0 } },
      { id: older.id, check: { id: older.checkIds[0], conclusion: "success" }, openViolations: { error: 1 } },
    ]);
    const { items: merged } = await owner.repos.pulls.query({ repoId, state: "merged" });
    expect(merged.map(({ id }) => id)).toEqual([newer.id]);
    const first = await owner.repos.pulls.query({ repoId, limit: 1 });
    expect(first.nextCursor).toBe(newer.id);
    expect((await owner.repos.pulls.query({ repoId, cursor: newer.id })).items.map(({ id }) => id)).toEqual([older.id]);
  });

  it("show their checks, what the latest counted, and their violations, those that count first", async () => {
    const { owner, mentoradoId, repoId, patternId } = await openHeld();
    const pull = await addPull({
      platform,
      mentoradoId,
      repoId,
      checks: [{ [patternId]: [4, 0] }, { [patternId]: [4, 2] }],
      violations: { [patternId]: 2 },
    });
    const [first = "", second = ""] = pull.violationIds;
    await owner.patterns.dismissViolation.mutate({ id: first, reason: "A command", isFalsePositive: true });
    const shown = await owner.repos.pull.query({ id: pull.id });
    expect(shown.checks.map(({ id }) => id)).toEqual(pull.checkIds.toReversed());
    expect(shown.counts).toEqual([{ patternId, name: "No logging", opportunities: 4, hits: 2 }]);
    expect(shown.violations).toMatchObject([
      { id: second, dismissal: null, startLine: 2 },
      { id: first, dismissal: { reason: "A command", isFalsePositive: true } },
    ]);
    await expect(owner.repos.pull.query({ id: uuidv7() })).rejects.toMatchObject({ data: { errorCode: "PULL_NOT_FOUND" } });
  });

  it("of another mentorado are nowhere", async () => {
    const [held, other] = [await openHeld(), await openHeld()];
    const { mentoradoId, repoId, patternId } = held;
    const pull = await addPull({
      platform,
      mentoradoId,
      repoId,
      checks: [{ [patternId]: [2, 1] }],
      violations: { [patternId]: 1 },
    });
    const id = pull.violationIds[0] ?? "";
    expect(await other.owner.repos.pulls.query({ repoId })).toEqual({ items: [], nextCursor: null });
    expect(await other.owner.patterns.violations.query({ id: patternId })).toEqual({ items: [], nextCursor: null });
    expect((await other.owner.patterns.adherence.query({ repoId })).items).toEqual([]);
    await expect(other.owner.repos.pull.query({ id: pull.id })).rejects.toMatchObject({ data: { code: "NOT_FOUND" } });
    const dismiss = other.owner.patterns.dismissViolation.mutate({ id, reason: "No", isFalsePositive: false });
    await expect(dismiss).rejects.toMatchObject({ data: { errorCode: "VIOLATION_NOT_FOUND" } });
    const waive = other.owner.patterns.waive.mutate({ id: patternId, glob: "**", reason: "No", expiresAt: LATER });
    await expect(waive).rejects.toMatchObject({ data: { errorCode: "PATTERN_NOT_FOUND" } });
  });
});

describe("a dismissal", () => {
  it("is one word, the first, and has the pull request checked again once", async () => {
    const { owner, mentoradoId, repoId, patternId } = await openHeld();
    const pull = await addPull({
      platform,
      mentoradoId,
      repoId,
      checks: [{ [patternId]: [2, 1] }],
      violations: { [patternId]: 1 },
    });
    const id = pull.violationIds[0] ?? "";
    const dismiss = (reason: string) => owner.patterns.dismissViolation.mutate({ id, reason, isFalsePositive: true });
    await Promise.all([dismiss("First"), dismiss("First"), dismiss("First")]);
    expect(await dismiss("Second")).toMatchObject({ id, dismissal: { reason: "First" } });
    const jobs = await platform.database.query(
      "select name, payload from jobs where mentorado_id = $1 and name like 'ingestion.check%'",
      [mentoradoId],
    );
    expect(jobs).toEqual([{ name: "ingestion.check-pull-request", payload: { pullRequestId: pull.id, isAgain: true } }]);
    const ofState = async (state: "open" | "resolved" | "dismissed") =>
      (await owner.patterns.violations.query({ id: patternId, state })).items.length;
    expect([await ofState("open"), await ofState("resolved"), await ofState("dismissed")]).toEqual([0, 0, 1]);
  });

  it("of more than a fifth of what a pattern says puts the pattern in doubt", async () => {
    const { owner, mentoradoId, repoId, patternId } = await openHeld();
    const pull = await addPull({
      platform,
      mentoradoId,
      repoId,
      checks: [{ [patternId]: [9, 4] }],
      violations: { [patternId]: 5 },
    });
    const [first = "", second = ""] = pull.violationIds;
    await owner.patterns.dismissViolation.mutate({ id: first, reason: "No matter", isFalsePositive: false });
    const pattern = () => owner.patterns.getById.query({ id: patternId });
    expect(await pattern()).toMatchObject({
      violations: 5,
      dismissed: 1,
      falsePositives: 0,
      dismissedShare: 0.2,
      needsReview: false,
    });
    expect((await owner.patterns.triageQueue.query({ repoId })).needsReview).toEqual([]);
    await owner.patterns.dismissViolation.mutate({ id: second, reason: "Wrong", isFalsePositive: true });
    expect(await pattern()).toMatchObject({ dismissed: 2, falsePositives: 1, dismissedShare: 0.4, needsReview: true });
    expect((await owner.patterns.triageQueue.query({ repoId })).needsReview).toMatchObject([
      { id: patternId, needsReview: true },
    ]);
    await owner.patterns.deprecate.mutate({ id: patternId });
    expect(await pattern()).toMatchObject({ needsReview: false });
  });
});

describe("a waiver", () => {
  it("is shown with its pattern until it is revoked, expired or not", async () => {
    const { owner, mentoradoId, patternId, ownerMember } = await openHeld();
    const made = await owner.patterns.waive.mutate({ id: patternId, glob: "old/**", reason: "Moves soon", expiresAt: LATER });
    const expired = uuidv7();
    await insertRow(platform.database, "waivers", {
      mentorado_id: mentoradoId,
      id: expired,
      pattern_id: patternId,
      glob: "older/**",
      reason: "Moved",
      created_by: ownerMember.userId,
      created_at: "2026-01-01T00:00:00Z",
      expires_at: "2026-02-01T00:00:00Z",
    });
    expect(made).toMatchObject({ glob: "old/**", expiresAt: LATER, isExpired: false, createdBy: ownerMember.userId });
    const { waivers } = await owner.patterns.getById.query({ id: patternId });
    expect(waivers).toMatchObject([
      { id: expired, isExpired: true },
      { id: made.id, isExpired: false },
    ]);
    const revoked = await owner.patterns.revokeWaiver.mutate({ id: made.id });
    expect(revoked.revokedAt).not.toBeNull();
    expect(await owner.patterns.revokeWaiver.mutate({ id: made.id })).toEqual(revoked);
    expect((await owner.patterns.getById.query({ id: patternId })).waivers.map(({ id }) => id)).toEqual([expired]);
  });

  it("needs a day that is still to come, a glob, and a person who may judge", async () => {
    const { owner, patternId, join } = await openHeld();
    const waive = { id: patternId, glob: "old/**", reason: "Moves soon", expiresAt: LATER };
    const past = owner.patterns.waive.mutate({ ...waive, expiresAt: "2026-01-01T00:00:00Z" });
    await expect(past).rejects.toMatchObject({ data: { errorCode: "EXPIRES_PAST" } });
    await expect(owner.patterns.waive.mutate({ ...waive, glob: "a**/b" })).rejects.toMatchObject({
      data: { code: "BAD_REQUEST" },
    });
    const { client } = await join("success");
    await expect(client.patterns.waive.mutate(waive)).rejects.toMatchObject({ data: { code: "FORBIDDEN" } });
  });
});
