import { createHash } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { insertRow } from "../db/support/insert-row.ts";
import {
  askGithub,
  KEBAB_NAMES,
  NO_LOGGING,
  openPullHouse,
  openPullStage,
  type PullHouse,
  type PullStage,
} from "./support/pull-house.ts";
import { removeFolders } from "./support/scan-house.ts";

const QUIET = "export function quiet(a: number) {\n  return a;\n}\n";
const LOUD = "export function loud(a: number) {\n  console.log(a);\n  return a;\n}\n";

vi.setConfig({ testTimeout: 60_000 });

let house: PullHouse;
beforeAll(async () => {
  house = await openPullHouse();
});
afterAll(async () => {
  await house?.close();
  removeFolders();
});

function stageWith(files: Record<string, string> = {}, mode: "off" | "shadow" | "enforce" = "enforce"): Promise<PullStage> {
  return openPullStage({ house, files: { "src/quiet.ts": QUIET, "src/old.ts": LOUD, ...files }, mode });
}

function fail(): never {
  throw new Error("it is not there");
}

describe("a violation on a changed line", () => {
  it("of severity error fails the check, with the place, the reason, and what leads to the pattern", async () => {
    const stage = await stageWith();
    const patternId = await stage.addPattern({ checker: NO_LOGGING });
    const example = { path: "src/quiet file.ts", start_line: 2, end_line: 2, is_canonical: true, added_by: "person" };
    await insertRow(house.platform.database, "pattern_evidence", {
      mentorado_id: stage.repo.mentoradoId,
      id: uuidv7(),
      pattern_id: patternId,
      commit_sha: "a".repeat(40),
      blob_sha: "b".repeat(40),
      ...example,
    });
    await stage.open({ "src/new.ts": LOUD });
    await stage.settle();
    const [run = fail(), ...others] = await stage.checkRuns();
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      name: "Guilda",
      status: "completed",
      conclusion: "failure",
      output: { title: "1 error", annotations_count: 1 },
    });
    const example_url = `https://github.com/${stage.repo.fullName}/blob/${"a".repeat(40)}/src/quiet%20file.ts#L2`;
    expect(run.output.summary).toContain(`${house.env.PUBLIC_URL}/patterns/${patternId}`);
    expect(run.output.summary).toContain(`(${example_url})`);
    const [annotation] = await stage.annotations(run);
    expect(annotation).toMatchObject({
      path: "src/new.ts",
      start_line: 2,
      end_line: 2,
      annotation_level: "failure",
      title: "No logging to the console",
    });
    expect(annotation?.message).toContain("Nobody reads the console.");
    expect(annotation?.message).toContain(`${house.env.PUBLIC_URL}/patterns/${patternId}`);
    expect(annotation?.message).toContain(example_url);
    const [check] = await stage.checks();
    const told = { id: run.external_id, status: "done", conclusion: "failure", is_shadow: false, files_read: 1 };
    expect(check).toMatchObject(told);
    expect(Number(check?.check_run_id)).toBe(run.id);
  });

  it.each([["warning"], ["info"]] as const)("of severity %s is told and passes", async (severity) => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING, severity });
    await stage.open({ "src/new.ts": LOUD });
    await stage.settle();
    expect(await stage.checkRuns()).toMatchObject([{ conclusion: "success", output: { annotations_count: 1 } }]);
  });
});

it("says nothing of what stood there before, on lines beside the changed ones as well", async () => {
  const stage = await stageWith();
  await stage.addPattern({ checker: NO_LOGGING });
  await stage.open({ "src/old.ts": `// why\n${LOUD}// because\n`, "src/quiet.ts": QUIET.replace("return a", "return -a") });
  await stage.settle();
  const output = { title: "No violation on the changed lines", annotations_count: 0 };
  expect(await stage.checkRuns()).toMatchObject([{ conclusion: "success", output }]);
  expect(await stage.violations()).toEqual([]);
});

it("holds the name of a file against it where the path is new, and nowhere else", async () => {
  const stage = await stageWith({ "src/BadOld.ts": QUIET, "src/BadMoved.ts": "export const moved = 1;\n".repeat(9) });
  await stage.addPattern({ checker: KEBAB_NAMES });
  await stage.open({
    "src/BadOld.ts": `${QUIET}// changed\n`,
    "src/BadMoved.ts": null,
    "src/BadMovedAway.ts": "export const moved = 1;\n".repeat(9),
    "src/BadNew.css": ".a {}\n",
    "src/good-new.ts": QUIET,
  });
  await stage.settle();
  expect((await stage.violations()).map(({ path }) => path)).toEqual(["src/BadMovedAway.ts", "src/BadNew.css"]);
  expect(await stage.checkRuns()).toMatchObject([{ conclusion: "failure", output: { annotations_count: 2 } }]);
});

it("counts opportunities and hits of each pattern on the changed lines", async () => {
  const stage = await stageWith();
  const calls = await stage.addPattern({ checker: NO_LOGGING, severity: "warning" });
  const names = await stage.addPattern({ checker: KEBAB_NAMES, severity: "warning" });
  await stage.open({
    "src/new-one.ts": LOUD + LOUD.replace("loud", "louder"),
    "src/BadTwo.ts": QUIET,
    "src/old.ts": `${LOUD}// more\n`,
  });
  await stage.settle();
  const counts = await house.platform.database.query(
    "select pattern_id, opportunities, hits from pull_check_patterns where mentorado_id = $1 order by pattern_id",
    [stage.repo.mentoradoId],
  );
  expect(counts).toEqual([
    { pattern_id: calls, opportunities: 4, hits: 2 },
    { pattern_id: names, opportunities: 2, hits: 1 },
  ]);
});

describe("what a person lets off", () => {
  async function waive(stage: PullStage, patternId: string, parts: Record<string, unknown>): Promise<void> {
    await insertRow(house.platform.database, "waivers", {
      mentorado_id: stage.repo.mentoradoId,
      id: uuidv7(),
      pattern_id: patternId,
      glob: "src/**",
      reason: "Until the logger is there.",
      created_by: uuidv7(),
      created_at: "2026-01-01T00:00:00Z",
      expires_at: "2099-01-01T00:00:00Z",
      ...parts,
    });
  }

  it("by a waiver does not count as long as it holds", async () => {
    const stage = await stageWith();
    const patternId = await stage.addPattern({ checker: NO_LOGGING });
    await waive(stage, patternId, {});
    await waive(stage, patternId, { glob: "lib/**", expires_at: "2026-02-01T00:00:00Z" });
    await waive(stage, patternId, { glob: "lib/**", revoked_at: "2026-02-01T00:00:00Z" });
    await stage.open({ "src/new.ts": LOUD });
    await stage.settle();
    expect(await stage.checks()).toMatchObject([{ conclusion: "success", waived: 1 }]);
    await stage.push({ "lib/new.ts": LOUD });
    await stage.settle();
    expect(await stage.checks()).toMatchObject([{}, { conclusion: "failure", waived: 1 }]);
    expect((await stage.violations()).map(({ path }) => path)).toEqual(["lib/new.ts"]);
  });

  it("by a dismissal does not count, wherever its lines go", async () => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING });
    await stage.open({ "src/new.ts": LOUD });
    await stage.settle();
    const [violation = fail()] = await stage.violations();
    await insertRow(house.platform.database, "violation_dismissals", {
      mentorado_id: stage.repo.mentoradoId,
      violation_id: violation.id,
      reason: "It is a command.",
      is_false_positive: true,
      dismissed_by: uuidv7(),
    });
    await stage.push({ "src/new.ts": `// moved\n\n${LOUD}` });
    await stage.settle();
    expect(await stage.checks()).toMatchObject([{ conclusion: "failure" }, { conclusion: "success", dismissed: 1 }]);
    expect(await stage.violations()).toMatchObject([{ id: violation.id, start_line: 4, resolved_at: null }]);
  });
});

describe("the mode of a repository", () => {
  it("in the shadow counts everything and says nothing on GitHub", async () => {
    const stage = await stageWith({}, "shadow");
    await stage.addPattern({ checker: NO_LOGGING });
    await stage.open({ "src/new.ts": LOUD });
    await stage.settle();
    expect(await stage.checks()).toMatchObject([{ status: "done", is_shadow: true, conclusion: "failure", check_run_id: null }]);
    expect(await stage.violations()).toHaveLength(1);
    expect(await stage.checkRuns()).toEqual([]);
    expect(await stage.comments()).toEqual([]);
  });

  it("off reads nothing", async () => {
    const stage = await stageWith({}, "off");
    await stage.addPattern({ checker: NO_LOGGING });
    await stage.open({ "src/new.ts": LOUD });
    await stage.settle();
    expect(await stage.checks()).toEqual([]);
  });
});

describe("heads", () => {
  it("that came while nobody looked are checked once, the newest alone", async () => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING });
    await stage.open({ "src/new.ts": LOUD });
    await stage.push({ "src/new.ts": `${LOUD}// one\n` });
    await stage.push({ "src/new.ts": `${LOUD}// two\n` });
    await stage.settle();
    const [head] = await askGithub<{ head: { sha: string } }[]>(house, `/repos/${stage.repo.fullName}/pulls`);
    expect(await stage.checkRuns()).toMatchObject([{ head_sha: head?.head.sha }]);
    expect(await stage.checks()).toMatchObject([{ head_sha: head?.head.sha, status: "done" }]);
  });

  it("that are overtaken before they are told are told no more", async () => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING });
    await stage.open({ "src/new.ts": LOUD });
    await house.github.idle();
    await house.work({ until: ({ name }) => name === "ingestion.report-pull-check" });
    await stage.push({ "src/new.ts": QUIET });
    await house.github.idle();
    // The newer head is checked first, and the older report comes after it.
    await house.work({ pick: (jobs) => jobs.find(({ name }) => name !== "ingestion.report-pull-check") ?? jobs[0] ?? fail() });
    expect(await stage.checks()).toMatchObject([{ status: "superseded" }, { status: "done", conclusion: "success" }]);
    expect(await stage.checkRuns()).toMatchObject([{ conclusion: "success" }]);
  });

  it("that come back are checked again", async () => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING });
    await stage.open({ "src/new.ts": LOUD });
    await stage.settle();
    const [first = fail()] = await stage.checks();
    await stage.push({ "src/new.ts": QUIET });
    await stage.settle();
    await house.github.push({ repository: stage.repo.fullName, branch: "feature", sha: first.head_sha });
    await stage.settle();
    expect((await stage.checks()).map(({ conclusion }) => conclusion)).toEqual(["failure", "success", "failure"]);
    expect(await stage.violations()).toMatchObject([{ resolved_at: null }]);
  });

  it.each([["closePull"], ["mergePull"]] as const)("of what %s ends are told no more", async (act) => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING });
    const number = await stage.open({ "src/new.ts": LOUD });
    await house.github.idle();
    await house.work({ until: ({ name }) => name === "ingestion.report-pull-check" });
    await house.github[act]({ repository: stage.repo.fullName, number });
    await house.github.idle();
    await house.work({ pick: (jobs) => jobs.find(({ name }) => name !== "ingestion.report-pull-check") ?? jobs[0] ?? fail() });
    expect(await stage.checks()).toMatchObject([{ status: "superseded" }]);
    const [pull] = await house.platform.database.query("select state from pull_requests where mentorado_id = $1", [
      stage.repo.mentoradoId,
    ]);
    expect(pull).toEqual({ state: act === "closePull" ? "closed" : "merged" });
  });
});

describe("events", () => {
  it("that come twice, in any order, and again, make one check run for a head and no second comment", async () => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING });
    const number = await stage.open({ "src/new.ts": LOUD });
    await house.github.closePull({ repository: stage.repo.fullName, number });
    await house.github.reopenPull({ repository: stage.repo.fullName, number });
    await house.github.idle();
    await house.work({ pick: (jobs) => jobs.at(-1) ?? fail() });
    const deliveries = await house.platform.database.query<{ id: string }>(
      "select id from webhook_events where provider = 'github' and event_type like 'pull_request%' and convert_from(raw, 'UTF8') like $1",
      [`%"${stage.repo.fullName}"%`],
    );
    expect(deliveries.length).toBe(3);
    for (const { id } of deliveries.toReversed())
      await house.stage({ mentoradoId: null, name: "ingestion.process-github-event", payload: { eventId: id } });
    await stage.settle();
    expect(await stage.checkRuns()).toHaveLength(1);
    expect(await stage.comments()).toHaveLength(1);
    expect(await stage.checks()).toHaveLength(1);
  });

  it("that ask for a check once more get a new one", async () => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING });
    await stage.open({ "src/new.ts": LOUD });
    await stage.settle();
    const [run = fail()] = await stage.checkRuns();
    await house.github.rerequestCheck({ checkRunId: run.id });
    await stage.settle();
    expect(await stage.checkRuns()).toHaveLength(2);
    expect(await stage.checks()).toMatchObject([{ status: "done" }, { status: "done" }]);
    expect(await stage.comments()).toHaveLength(1);
  });

  it("that name a check of another repository are passed over", async () => {
    const [stage, other] = [await stageWith(), await stageWith()];
    await stage.addPattern({ checker: NO_LOGGING });
    await stage.open({ "src/new.ts": LOUD });
    await stage.settle();
    const [check = fail()] = await stage.checks();
    const eventId = uuidv7();
    const event = { action: "rerequested", check_run: { external_id: check.id }, repository: { id: other.githubId } };
    const body = JSON.stringify(event);
    await insertRow(house.platform.database, "webhook_events", {
      id: eventId,
      provider: "github",
      account_ref: "default",
      event_id: eventId,
      event_type: "check_run.rerequested",
      raw: `\\x${Buffer.from(body).toString("hex")}`,
      raw_sha256: `\\x${createHash("sha256").update(body).digest("hex")}`,
      request_id: "test",
    });
    await house.stage({ mentoradoId: null, name: "ingestion.process-github-event", payload: { eventId } });
    await stage.settle();
    expect(await stage.checks()).toHaveLength(1);
  });
});

it("is made for each mentorado that connected the repository, by its own patterns", async () => {
  const stage = await stageWith();
  const other = await house.connect({ name: stage.repo.fullName.split("/")[1] ?? "", installationId: house.installationId });
  await house.platform.database.query(
    "update repos set github_id = $1 where id = $2 and set_config('app.actor_type', 'system', true) <> ''",
    [stage.githubId, other.id],
  );
  await stage.addPattern({ checker: NO_LOGGING });
  await stage.open({ "src/new.ts": LOUD });
  await stage.settle();
  const rows = await house.platform.database.query(
    "select c.mentorado_id, c.conclusion, c.is_shadow, count(v.id)::integer as violations from pull_checks c left join violations v on v.last_check_id = c.id where c.mentorado_id = any ($1) group by 1, 2, 3 order by 4",
    [[stage.repo.mentoradoId, other.mentoradoId]],
  );
  expect(rows).toEqual([
    { mentorado_id: other.mentoradoId, conclusion: "success", is_shadow: true, violations: 0 },
    { mentorado_id: stage.repo.mentoradoId, conclusion: "failure", is_shadow: false, violations: 1 },
  ]);
});

describe("what is too much or hostile", () => {
  it("shows all annotations in as many requests as GitHub asks for, each once", async () => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING, severity: "warning" });
    await stage.open({ "src/new.ts": "console.log(1);\n".repeat(120) });
    await stage.settle();
    const [run = fail()] = await stage.checkRuns();
    expect(run.output).toMatchObject({ title: "120 warnings", annotations_count: 120 });
    expect(new Set((await stage.annotations(run)).map(({ start_line }) => start_line)).size).toBe(100);
  });

  it("says what was left out, and does not claim success when nothing could be read", async () => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING });
    await stage.open({ "src/huge.ts": `// ${"x".repeat(90)}\n`.repeat(4_000), "logo.png": "png" });
    await stage.settle();
    const [run = fail()] = await stage.checkRuns();
    const [check] = await stage.checks();
    expect(check).toMatchObject({ conclusion: "neutral", files_read: 0 });
    expect(check?.left_out).toMatchObject({ "named as binary": 1 });
    expect(run.conclusion).toBe("neutral");
    expect(run.output.summary).toContain("Files left out:");
  });

  it("does not let a pull request excuse itself by its own attributes", async () => {
    const stage = await stageWith({ ".gitattributes": "src/shipped/** linguist-vendored\n", "src/shipped/a.ts": QUIET });
    await stage.addPattern({ checker: NO_LOGGING });
    await stage.open({ ".gitattributes": "** linguist-vendored\n", "src/new.ts": LOUD, "src/shipped/a.ts": LOUD });
    await stage.settle();
    expect((await stage.violations()).map(({ path }) => path)).toEqual(["src/new.ts"]);
  });

  it("lets neither a name nor what stands in the code become markup, a mention or a link", async () => {
    const stage = await stageWith();
    const name = "Be @everyone's <b>friend</b> [x](http://evil.test) #1 `a`";
    await stage.addPattern({ checker: { kind: "import", never: { packages: ["**"] }, in: { folder: "" } }, row: { name } });
    const value = "x`-->@team <script> [y](http://evil.test)";
    await stage.open({ "src/a`<img>@team.ts": `import "${value}";\n` });
    await stage.settle();
    const [run = fail()] = await stage.checkRuns();
    const [comment = fail()] = await stage.comments();
    for (const text of [run.output.summary, comment.body.replace(/<!-- guilda:[0-9a-f]{64} -->$/, "")]) {
      const outside = text.replaceAll(/`[^`]*`/g, "").replaceAll(/\\[^\w\s]/g, "");
      expect(outside).not.toMatch(/@\w|<\w|https?:\/\/evil|\]\(http:\/\/evil|#1/);
    }
    expect(comment.body).toContain("`x'--");
  });

  it("keeps what it cannot store out of the database, and goes on", async () => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING });
    await stage.open({ "src/a\nb.ts": LOUD, "src/new.ts": LOUD, [`src/${"long/".repeat(300)}a.ts`]: LOUD });
    await stage.settle();
    expect((await stage.violations()).map(({ path }) => path)).toEqual(["src/new.ts"]);
    expect(await stage.checks()).toMatchObject([{ conclusion: "failure", left_out: { bad_name: 2 } }]);
  });
});

describe("GitHub", () => {
  it("that asks to slow down is told later", async () => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING });
    await house.github.setLimits({ contentPerMinute: 0 });
    await stage.open({ "src/new.ts": LOUD });
    await house.github.idle();
    let tries = 0;
    await house.work({
      until({ name }) {
        if (name === "ingestion.report-pull-check") tries += 1;
        return tries > 1;
      },
    });
    expect(await stage.checkRuns()).toEqual([]);
    await house.github.setLimits({ contentPerMinute: 1_000_000 });
    await house.platform.database.query(
      "update effects set updated_at = updated_at - interval '1 hour' where mentorado_id = $1",
      [stage.repo.mentoradoId],
    );
    await stage.settle();
    expect(await stage.checkRuns()).toHaveLength(1);
    expect(await stage.comments()).toHaveLength(1);
  });

  it("that no longer lets the App in ends the check with the reason", async () => {
    const stage = await stageWith();
    await stage.addPattern({ checker: NO_LOGGING });
    await stage.open({ "src/new.ts": LOUD });
    await house.github.idle();
    await house.platform.database.query(
      "update repos set installation_id = 404404 where id = $1 and set_config('app.actor_type', 'system', true) <> ''",
      [stage.repo.id],
    );
    await stage.settle();
    expect(await stage.checks()).toMatchObject([{ status: "failed", failure: "access_lost", conclusion: null }]);
  });
});
