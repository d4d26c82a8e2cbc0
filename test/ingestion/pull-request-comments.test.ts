import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { NO_LOGGING, openPullHouse, openPullStage, type PullHouse, type PullStage } from "./support/pull-house.ts";
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

async function stageWith(severity: "error" | "warning" | "info" = "error"): Promise<PullStage> {
  const stage = await openPullStage({ house, files: { "src/quiet.ts": QUIET } });
  await stage.addPattern({ checker: NO_LOGGING, severity });
  return stage;
}

function loudLines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => `console.log(${from + index});\n`).join("");
}

it("tells of each violation on its line, in one review", async () => {
  const stage = await stageWith();
  await stage.open({ "src/new.ts": `${QUIET}${LOUD}`, "src/quiet.ts": `${QUIET}console.log(1);\n` });
  await stage.settle();
  const comments = await stage.comments();
  expect(comments.map(({ path, line }) => [path, line])).toEqual([
    ["src/new.ts", 5],
    ["src/quiet.ts", 4],
  ]);
  expect(comments[0]?.body).toMatch(
    /No logging to the console[\s\S]+Nobody reads the console[\s\S]+<!-- guilda:[0-9a-f]{64} -->$/,
  );
  expect((await stage.violations()).map(({ comment_id, comment_says }) => [Number(comment_id), comment_says])).toEqual(
    comments.map(({ id }) => [id, "open"]),
  );
  const [{ count }] = (await house.platform.database.query("select reviews as count from pull_requests where mentorado_id = $1", [
    stage.repo.mentoradoId,
  ])) as [{ count: number }];
  expect(count).toBe(1);
});

it("does not tell of notes", async () => {
  const stage = await stageWith("info");
  await stage.open({ "src/new.ts": LOUD });
  await stage.settle();
  expect(await stage.comments()).toEqual([]);
});

it("repeats nothing after pushes that only move lines, or change others", async () => {
  const stage = await stageWith();
  await stage.open({ "src/new.ts": LOUD });
  await stage.settle();
  const before = await stage.comments();
  for (const content of [`// moved\n\n${LOUD}`, `${QUIET}\n${LOUD.replace("  console", "\tconsole")}`, `${LOUD}// after\n`]) {
    await stage.push({ "src/new.ts": content });
    await stage.settle();
  }
  expect(await stage.checkRuns()).toHaveLength(4);
  expect((await stage.comments()).map(({ id, body }) => [id, body])).toEqual(before.map(({ id, body }) => [id, body]));
  await stage.push({ "src/other.ts": LOUD });
  await stage.settle();
  expect(await stage.comments()).toHaveLength(2);
});

it("says once that a violation is gone, and that it is back", async () => {
  const stage = await stageWith();
  await stage.open({ "src/new.ts": LOUD });
  await stage.settle();
  const [before] = await stage.comments();
  await stage.push({ "src/new.ts": QUIET });
  await stage.settle();
  const [resolved] = await stage.comments();
  expect(resolved?.id).toBe(before?.id);
  expect(resolved?.body).toContain("Resolved");
  await stage.push({ "src/more.ts": QUIET });
  await stage.settle();
  expect(await stage.comments()).toEqual([expect.objectContaining({ body: resolved?.body })]);
  await stage.push({ "src/new.ts": LOUD });
  await stage.settle();
  expect((await stage.comments()).map(({ id, body }) => [id, body])).toEqual([[before?.id, before?.body]]);
});

it("makes ten comments on a pull request at most, of the worst first, whatever is pushed", async () => {
  const stage = await stageWith("warning");
  await stage.addPattern({
    checker: { kind: "call", never: ["eval"], in: { folder: "" } },
    severity: "error",
    row: { name: "No eval" },
  });
  await stage.open({ "src/new.ts": `${loudLines(0, 9)}eval("1");\neval("2");\n` });
  await stage.settle();
  const comments = await stage.comments();
  expect(comments).toHaveLength(10);
  expect(comments.filter(({ body }) => body.startsWith("**Error: "))).toHaveLength(2);
  await stage.push({ "src/more.ts": loudLines(20, 30) });
  await stage.settle();
  expect(await stage.comments()).toHaveLength(10);
  expect(await stage.checkRuns()).toMatchObject([{ output: { annotations_count: 21 } }, { output: { annotations_count: 11 } }]);
});

it("loses only the comment whose line GitHub does not take", async () => {
  const stage = await stageWith();
  await stage.open({ "src/new.ts": loudLines(0, 3) });
  await house.github.idle();
  await house.work({ until: ({ name }) => name === "ingestion.report-pull-check" });
  await house.platform.database.query("update violations set diff_line = 4000 where mentorado_id = $1 and start_line = 2", [
    stage.repo.mentoradoId,
  ]);
  await stage.settle();
  expect((await stage.comments()).map(({ line }) => line)).toEqual([1, 3]);
  expect((await stage.violations()).map(({ comment_id }) => comment_id === null)).toEqual([false, true, false]);
  expect(await stage.checks()).toMatchObject([{ status: "done", conclusion: "failure" }]);
});

it("does not bring back a comment that somebody has deleted", async () => {
  const stage = await stageWith();
  await stage.open({ "src/new.ts": LOUD });
  await stage.settle();
  const [comment] = await stage.comments();
  const { client } = await import("../contract/support/github-stage.ts");
  await client(house.github, house.installationId).request(`DELETE /repos/${stage.repo.fullName}/pulls/comments/${comment?.id}`);
  for (const content of [`// moved\n${LOUD}`, QUIET]) {
    await stage.push({ "src/new.ts": content });
    await stage.settle();
  }
  expect(await stage.comments()).toEqual([]);
  expect((await stage.checks()).map(({ status }) => status)).toEqual(["done", "done", "done"]);
});

it("takes nobody else's words for its own", async () => {
  const stage = await stageWith();
  await stage.open({ "src/new.ts": LOUD });
  await house.github.idle();
  await house.work({ until: ({ name }) => name === "ingestion.report-pull-check" });
  const [{ fingerprint, id } = { fingerprint: "", id: "" }] = await stage.violations();
  expect(id).not.toBe("");
  await house.github.comment({ repository: stage.repo.fullName, number: 1, body: `Mine.\n\n<!-- guilda:${fingerprint} -->` });
  await stage.settle();
  expect(await stage.comments()).toHaveLength(1);
});
