import { describe, expect, it } from "vitest";
import {
  API,
  BIA,
  call,
  closeAfterEach,
  events,
  lines,
  OWNER,
  REPOSITORY,
  type Stage,
  stageWith,
  tokenOf,
} from "./support/github-stage.ts";

closeAfterEach();

const REPO = { owner: OWNER, repo: "mentoria" };
const BOT = "guilda-local[bot]";

/** A pull request that changes line 10 of 20, adds a file and moves nothing else. */
async function pullStage(): Promise<Stage & { number: number; headSha: string }> {
  const stage = await stageWith({ versions: [{ "src/a.ts": lines(1, 20), "src/old.ts": lines(1, 30) }] });
  const changed = lines(1, 20).replace("line 10\n", "line ten\n");
  const files = { "src/a.ts": changed, "src/new.ts": "export const x = 1;\n", "src/old.ts": null, "src/moved.ts": lines(1, 30) };
  await stage.gitHub.push({ repository: REPOSITORY, branch: "feature", files });
  const { number, headSha } = await stage.gitHub.openPull({ repository: REPOSITORY, head: "feature", title: "Ten", sender: BIA });
  await stage.gitHub.idle();
  stage.receiver.received.length = 0;
  return { ...stage, number, headSha };
}

describe("a pull request", () => {
  it("is shown with its branches and figures, alone and in lists", async () => {
    const { octokit, number, headSha, commits } = await pullStage();
    const { data } = await octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", { ...REPO, pull_number: number });
    expect(data).toMatchObject({
      number: 1,
      state: "open",
      title: "Ten",
      user: { login: "bia", id: BIA.id },
      draft: false,
      merged: false,
      mergeable: true,
      mergeable_state: "clean",
      head: { ref: "feature", sha: headSha, label: "ana:feature", repo: { full_name: REPOSITORY } },
      base: { ref: "main", sha: commits[0] },
      commits: 1,
      additions: 2,
      deletions: 1,
      changed_files: 3,
    });
    const list = (options: object) => octokit.request("GET /repos/{owner}/{repo}/pulls", { ...REPO, ...options });
    expect((await list({})).data.map((each) => each.number)).toEqual([1]);
    expect((await list({ head: "ana:feature", base: "main" })).data).toHaveLength(1);
    expect((await list({ head: "ana:other" })).data).toHaveLength(0);
    expect((await list({ state: "closed" })).data).toHaveLength(0);
    await expect(
      octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", { ...REPO, pull_number: 2 }),
    ).rejects.toMatchObject({ status: 404 });
  });

  it("lists its files and commits by page", async () => {
    const { octokit, gitHub, number, headSha } = await pullStage();
    const page = { ...REPO, pull_number: number };
    const { data, headers } = await octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}/files", {
      ...page,
      per_page: 2,
    });
    expect(data.map(({ filename, status, previous_filename }) => [filename, status, previous_filename])).toEqual([
      ["src/a.ts", "modified", undefined],
      ["src/moved.ts", "renamed", "src/old.ts"],
    ]);
    expect(data[0]?.patch).toBe(
      "@@ -7,7 +7,7 @@ line 6\n line 7\n line 8\n line 9\n-line 10\n+line ten\n line 11\n line 12\n line 13",
    );
    expect(headers.link).toMatch(/page=2>; rel="next", <.*page=2>; rel="last"$/);
    const rest = await octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}/files", { ...page, per_page: 2, page: 2 });
    expect(rest.data.map(({ filename }) => filename)).toEqual(["src/new.ts"]);
    await gitHub.setLimits({ pullFiles: 1 });
    const cut = await octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}/files", page);
    expect(cut.data).toHaveLength(1);
    const history = await octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}/commits", page);
    expect(history.data.map(({ sha }) => sha)).toEqual([headSha]);
  });

  it("follows its branch, is merged into its base, closed, reopened, and closed with its branch, and the App hears of each", async () => {
    const { gitHub, octokit, receiver, number, headSha } = await pullStage();
    const told = async (act: () => Promise<unknown>) => {
      await gitHub.idle();
      receiver.received.length = 0;
      await act();
      await gitHub.idle();
      return events(receiver).map(({ name, body }) => [name, body.pull_request?.state, body.pull_request?.merged]);
    };
    const repository = REPOSITORY;
    expect(await told(() => gitHub.push({ repository, branch: "feature", files: { "src/c.ts": "c\n" } }))).toEqual([
      ["pull_request.synchronize", "open", false],
      ["push", undefined, undefined],
    ]);
    expect(events(receiver)[0]?.body).toMatchObject({ before: headSha, number, pull_request: { commits: 2 } });
    expect(await told(() => gitHub.closePull({ repository, number }))).toEqual([["pull_request.closed", "closed", false]]);
    expect(await told(() => gitHub.reopenPull({ repository, number }))).toEqual([["pull_request.reopened", "open", false]]);
    expect(await told(() => gitHub.mergePull({ repository, number, sender: BIA }))).toEqual([
      ["pull_request.closed", "closed", true],
      ["push", undefined, undefined],
    ]);
    const { data } = await octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", { ...REPO, pull_number: number });
    expect(data).toMatchObject({ state: "closed", merged: true, merged_by: { login: "bia" }, changed_files: 4 });
    const tip = await octokit.request("GET /repos/{owner}/{repo}/commits/{ref}", { ...REPO, ref: "main" });
    expect([tip.data.sha, tip.data.parents.length]).toEqual([data.merge_commit_sha, 2]);
    await gitHub.push({ repository, branch: "second", files: { "d.ts": "d\n" } });
    await gitHub.openPull({ repository, head: "second" });
    expect(await told(() => gitHub.deleteBranch({ repository, branch: "second" }))).toEqual([
      ["pull_request.closed", "closed", false],
      ["push", undefined, undefined],
    ]);
  });

  it("that is in conflict says so and cannot be merged", async () => {
    const { gitHub, octokit, number } = await pullStage();
    const clash = lines(1, 20).replace("line 10\n", "line dez\n");
    await gitHub.push({ repository: REPOSITORY, files: { "src/a.ts": clash } });
    await gitHub.push({ repository: REPOSITORY, branch: "feature", files: { "z.ts": "z\n" } });
    const { data } = await octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", { ...REPO, pull_number: number });
    expect([data.mergeable, data.mergeable_state]).toEqual([false, "dirty"]);
    await expect(gitHub.mergePull({ repository: REPOSITORY, number })).rejects.toThrow("in conflict");
  });
});

describe("a review", () => {
  const review = (stage: Stage & { number: number }, input: object) =>
    stage.octokit.request("POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews", {
      ...REPO,
      pull_number: stage.number,
      ...input,
    });
  const comments = async (stage: Stage & { number: number }) =>
    (
      await stage.octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}/comments", {
        ...REPO,
        pull_number: stage.number,
      })
    ).data;

  it("puts comments on lines of the diff, of either side, by line, range or position", async () => {
    const stage = await pullStage();
    const { data } = await review(stage, {
      event: "COMMENT",
      body: "See below",
      comments: [
        { path: "src/a.ts", line: 10, body: "right" },
        { path: "src/a.ts", line: 10, side: "LEFT", body: "left" },
        { path: "src/a.ts", start_line: 8, line: 11, body: "range" },
        { path: "src/a.ts", position: 5, body: "position" },
      ],
    });
    expect(data).toMatchObject({
      state: "COMMENTED",
      body: "See below",
      user: { login: BOT, type: "Bot" },
      commit_id: stage.headSha,
    });
    const seen = (await comments(stage)).map(({ body, line, side, start_line, position }) => [
      body,
      line,
      side,
      start_line,
      position,
    ]);
    expect(seen).toEqual([
      ["right", 10, "RIGHT", null, 5],
      ["left", 10, "LEFT", null, 4],
      ["range", 11, "RIGHT", 8, 6],
      ["position", 10, "RIGHT", null, 5],
    ]);
    const [first] = await comments(stage);
    expect(first).toMatchObject({
      path: "src/a.ts",
      diff_hunk: "@@ -7,7 +7,7 @@ line 6\n line 7\n line 8\n line 9\n-line 10\n+line ten",
      original_line: 10,
      commit_id: stage.headSha,
      original_commit_id: stage.headSha,
      pull_request_review_id: data.id,
      user: { login: BOT },
    });
  });

  it("is refused whole when one of its comments stands on no line of the diff", async () => {
    const stage = await pullStage();
    const token = await tokenOf(stage);
    const good = { path: "src/a.ts", line: 10, body: "ok" };
    const post = (input: object) =>
      call(stage.gitHub, "POST", `${API}/pulls/1/reviews`, { token, body: { event: "COMMENT", ...input } });
    for (const [wrong, reason] of [
      [{ ...good, line: 2 }, "Line could not be resolved"],
      [{ ...good, path: "src/none.ts" }, "Path could not be resolved"],
      [{ ...good, path: "src/moved.ts" }, "Path could not be resolved"],
      [{ ...good, start_line: 2 }, "Start line could not be resolved"],
      [{ path: "src/a.ts", position: 99, body: "x" }, "Position could not be resolved"],
    ] as const) {
      const { status, body } = await post({ comments: [good, wrong] });
      expect([status, body.message, body.errors, body.status]).toEqual([422, "Unprocessable Entity", [reason], "422"]);
    }
    expect((await post({})).status).toBe(422);
    expect((await post({ commit_id: stage.commits[0], comments: [good] })).status).toBe(422);
    expect(await comments(stage)).toEqual([]);
  });

  it("keeps its comments where their lines go, and marks those whose line is gone", async () => {
    const stage = await pullStage();
    await review(stage, {
      event: "COMMENT",
      comments: [
        { path: "src/a.ts", line: 10, body: "ten" },
        { path: "src/a.ts", line: 12, body: "twelve" },
      ],
    });
    const moved = `zero\n${lines(1, 20).replace("line 10\n", "line ten\n")}`.replace("line 12\n", "line twelve\n");
    await stage.gitHub.push({ repository: REPOSITORY, branch: "feature", files: { "src/a.ts": moved } });
    const seen = (await comments(stage)).map(({ line, original_line, position, commit_id }) => [
      line,
      original_line,
      position,
      commit_id,
    ]);
    const head = (await stage.octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", { ...REPO, pull_number: 1 })).data
      .head.sha;
    expect(seen).toEqual([
      [11, 10, expect.any(Number), head],
      [null, 12, null, stage.headSha],
    ]);
  });

  it("lets the App change and remove its own comments", async () => {
    const stage = await pullStage();
    await review(stage, { event: "REQUEST_CHANGES", body: "No", comments: [{ path: "src/a.ts", line: 10, body: "old" }] });
    const [comment] = await comments(stage);
    const one = { ...REPO, comment_id: comment?.id ?? 0 };
    const { data } = await stage.octokit.request("PATCH /repos/{owner}/{repo}/pulls/comments/{comment_id}", {
      ...one,
      body: "new",
    });
    expect(data).toMatchObject({ id: comment?.id, body: "new", line: 10 });
    const deleted = await stage.octokit.request("DELETE /repos/{owner}/{repo}/pulls/comments/{comment_id}", one);
    expect([deleted.status, await comments(stage)]).toEqual([204, []]);
    await expect(stage.octokit.request("DELETE /repos/{owner}/{repo}/pulls/comments/{comment_id}", one)).rejects.toMatchObject({
      status: 404,
    });
  });
});

describe("comments below a pull request", () => {
  it("are written, read, changed and removed; those of people stay theirs", async () => {
    const { octokit, gitHub, number } = await pullStage();
    const all = () =>
      octokit.request("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", { ...REPO, issue_number: number });
    const { id } = await gitHub.comment({ repository: REPOSITORY, number, body: "Oi", sender: BIA });
    const made = await octokit.request("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
      ...REPO,
      issue_number: number,
      body: "Olá",
    });
    expect([made.status, made.headers.location]).toEqual([201, made.data.url]);
    expect((await all()).data.map(({ body, user }) => [body, user?.login])).toEqual([
      ["Oi", "bia"],
      ["Olá", BOT],
    ]);
    await octokit.request("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", {
      ...REPO,
      comment_id: Number(made.data.id),
      body: "Olá!",
    });
    expect((await all()).data[1]).toMatchObject({ body: "Olá!", performed_via_github_app: { slug: "guilda-local" } });
    await expect(
      octokit.request("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", { ...REPO, comment_id: id, body: "x" }),
    ).rejects.toMatchObject({ status: 403 });
    await octokit.request("DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}", {
      ...REPO,
      comment_id: Number(made.data.id),
    });
    expect((await all()).data.map(({ body }) => body)).toEqual(["Oi"]);
  });
});

describe("a check run", () => {
  const annotation = (line: number) => ({
    path: "src/a.ts",
    start_line: line,
    end_line: line,
    annotation_level: "warning" as const,
    message: "m",
  });

  it("is made, completed and found by its commit, and gathers annotations, fifty at a time", async () => {
    const { octokit, gitHub, receiver, headSha } = await pullStage();
    const actions = [{ label: "Dispensar", description: "Deixar passar", identifier: "waive" }];
    const { data, status } = await octokit.request("POST /repos/{owner}/{repo}/check-runs", {
      ...REPO,
      name: "Guilda",
      head_sha: headSha,
      status: "in_progress",
      external_id: "run-1",
      details_url: "https://guilda.example/runs/1",
    });
    expect([status, data]).toMatchObject([
      201,
      {
        head_sha: headSha,
        status: "in_progress",
        conclusion: null,
        external_id: "run-1",
        details_url: "https://guilda.example/runs/1",
        completed_at: null,
        app: { slug: "guilda-local" },
        pull_requests: [{ number: 1 }],
        output: { annotations_count: 0 },
      },
    ]);
    const update = (input: object) =>
      octokit.request("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
        ...REPO,
        check_run_id: Number(data.id),
        ...input,
      });
    const fifty = Array.from({ length: 50 }, (_, index) => annotation(index + 1));
    await update({ output: { title: "t", summary: "s", annotations: fifty } });
    const done = await update({
      conclusion: "failure",
      actions,
      output: { title: "t2", summary: "s2", annotations: [annotation(51)] },
    });
    expect(done.data).toMatchObject({
      status: "completed",
      conclusion: "failure",
      completed_at: expect.any(String),
      output: { title: "t2", summary: "s2", annotations_count: 51 },
    });
    const listed = await octokit.request("GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations", {
      ...REPO,
      check_run_id: Number(data.id),
      per_page: 100,
    });
    expect(listed.data).toHaveLength(51);
    await octokit.request("POST /repos/{owner}/{repo}/check-runs", { ...REPO, name: "Guilda", head_sha: headSha });
    const ofCommit = (options: object) =>
      octokit.request("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", { ...REPO, ref: headSha, ...options });
    expect((await ofCommit({})).data).toMatchObject({ total_count: 1, check_runs: [{ status: "queued" }] });
    expect((await ofCommit({ filter: "all" })).data.total_count).toBe(2);
    expect((await ofCommit({ check_name: "Other" })).data.total_count).toBe(0);
    await gitHub.rerequestCheck({ checkRunId: Number(data.id), sender: BIA });
    await gitHub.requestAction({ checkRunId: Number(data.id), identifier: "waive", sender: BIA });
    await gitHub.idle();
    expect(events(receiver).map(({ name }) => name)).toEqual([
      "check_run.completed",
      "check_run.created",
      "check_run.created",
      "check_run.requested_action",
      "check_run.rerequested",
    ]);
    expect(events(receiver)[3]?.body).toMatchObject({ requested_action: { identifier: "waive" }, sender: { login: "bia" } });
  });

  it("is refused with 422 when it does not fit", async () => {
    const stage = await pullStage();
    const token = await tokenOf(stage);
    const good = { name: "Guilda", head_sha: stage.headSha };
    const many = Array.from({ length: 51 }, (_, index) => annotation(index + 1));
    for (const [wrong, reason] of [
      [{ output: { title: "t", summary: "s", annotations: many } }, "No more than 50 items are allowed; 51 were supplied."],
      [{ status: "completed" }, '"conclusion" wasn\'t supplied.'],
      [{ output: { summary: "s" } }, '"title" wasn\'t supplied.'],
      [{ output: { title: "t" } }, "summary"],
      [{ output: { title: "t", summary: "x".repeat(65_536) } }, "summary"],
      [{ conclusion: "stale" }, "conclusion"],
      [{ actions: [{ label: "x".repeat(21), description: "d", identifier: "i" }] }, "label"],
      [{ head_sha: "0".repeat(40) }, "No commit found for SHA"],
      [{ name: undefined }, "name"],
    ] as const) {
      const { status, body } = await call(stage.gitHub, "POST", `${API}/check-runs`, { token, body: { ...good, ...wrong } });
      expect([status, body.message]).toEqual([422, expect.stringContaining(reason)]);
    }
    const { body } = await call(stage.gitHub, "GET", `${API}/commits/${stage.headSha}/check-runs`, { token });
    expect(body).toEqual({ total_count: 0, check_runs: [] });
  });
});
