import * as z from "zod";
import { ProviderError } from "../../../../shared/outbound/provider-error.ts";
import type { PullFile } from "../../pulls/plan-pull-files.ts";
import { type PullFacts, pullFields, toPullFacts } from "../../pulls/pull-facts.ts";
import type { CheckRunOutput, NewComment } from "../../pulls/render-check.ts";
import type { GithubClient } from "./client.ts";
import { RepositoryRefused } from "./refusal.ts";
import { type InstallationAccess, repositoryPath, withToken } from "./repository-calls.ts";

const PAGE = 100;
/** A page shows the changes of a hundred files. */
const MAX_FILES_BYTES = 24 * 1_048_576;
const MAX_COMMENTS_BYTES = 12 * 1_048_576;
/** Of comments that are looked through for ours, the newest first. */
const MAX_COMMENT_PAGES = 10;

const sha = z.string().regex(/^[0-9a-f]{40}$/);
const file = z.object({
  filename: z.string().min(1),
  status: z.string(),
  changes: z.int().nonnegative(),
  patch: z.string().optional(),
});

const tree = z.object({ tree: z.array(z.object({ path: z.string(), type: z.string(), sha, size: z.int().optional() })) });
const checkRun = z.object({
  id: z.int(),
  external_id: z.string().nullish(),
  output: z.object({ annotations_count: z.int().nonnegative() }),
});
const checkRuns = z.object({ check_runs: z.array(checkRun) });
const created = z.object({ id: z.int() });
const comment = z.object({
  id: z.int(),
  body: z.string(),
  user: z.object({ type: z.string() }).nullish(),
});

export interface CheckRun {
  checkRunId: number;
  /** How many annotations it has. */
  annotations: number;
}

interface Place {
  fullName: string;
  number: number;
}

/** Of pull requests of a repository. All throw `RepositoryRefused` and `ProviderError`. */
export interface PullCalls {
  getPull(pull: Place): Promise<PullFacts & { baseSha: string }>;
  /** @param maxFiles how many are told at most, in GitHub's order; GitHub itself tells 3,000. */
  listFiles(pull: Place & { maxFiles: number }): Promise<PullFile[]>;
  /** Git's hash of a file in the root folder of a commit; undefined when it is not there. */
  findRootFile(commit: { fullName: string; commitSha: string; path: string }): Promise<{ sha: string; size: number } | undefined>;
  /** The check run that bears our reference. */
  findCheckRun(run: { fullName: string; headSha: string; name: string; externalId: string }): Promise<CheckRun | undefined>;
  /** Creates a check run that is over; at most 50 annotations. Asked twice, there are two of them. */
  createCheckRun(
    run: CheckRunOutput & {
      fullName: string;
      headSha: string;
      name: string;
      externalId: string;
      conclusion: "success" | "failure" | "neutral";
    },
  ): Promise<CheckRun>;
  /** Adds at most 50 annotations. Asked twice, they are there twice. */
  addAnnotations(run: CheckRunOutput & { fullName: string; checkRunId: number }): Promise<void>;
  /**
   * Posts a review with all of its comments. Asked twice, there are two.
   *
   * @returns its id; undefined when GitHub refuses one of the places, and none is there.
   */
  createReview(review: Place & { headSha: string; body: string; comments: readonly NewComment[] }): Promise<number | undefined>;
  /** As a review of one comment. @returns the id of the comment. */
  createComment(comment: Place & { headSha: string } & NewComment): Promise<number | undefined>;
  /** Comments that a bot has written on lines, as far as they are looked for. */
  listBotComments(pull: Place): Promise<{ id: number; body: string }[]>;
  /** Sets what a comment says; one that is gone stays so. */
  updateComment(comment: { fullName: string; commentId: number; body: string }): Promise<void>;
}

export function pullCalls(client: GithubClient, access?: InstallationAccess): PullCalls {
  const ask: GithubClient["call"] = (call) => withToken({ client, access, work: (token) => client.call(call, token) });
  const pullPath = ({ fullName, number }: Place) => `${repositoryPath(fullName)}/pulls/${number}`;
  return {
    async getPull(pull) {
      const { value } = await ask({ operation: "getPull", path: pullPath(pull), answer: pullFields });
      return { ...toPullFacts(value), baseSha: value.base.sha };
    },
    async listFiles({ maxFiles, ...pull }) {
      const files: PullFile[] = [];
      for (let page = 1; files.length < maxFiles; page += 1) {
        const { value } = await ask({
          operation: "listPullFiles",
          path: `${pullPath(pull)}/files`,
          query: { per_page: String(PAGE), page: String(page) },
          maxAnswerBytes: MAX_FILES_BYTES,
          answer: z.array(file),
        });
        files.push(...value);
        if (value.length < PAGE) break;
      }
      return files.slice(0, maxFiles);
    },
    async findRootFile({ fullName, commitSha, path }) {
      const call = { operation: "getRoot", path: `${repositoryPath(fullName)}/git/trees/${commitSha}`, answer: tree };
      const found = (await ask(call)).value.tree.find((each) => each.path === path && each.type === "blob");
      return found === undefined ? undefined : { sha: found.sha, size: found.size ?? 0 };
    },
    async findCheckRun({ fullName, headSha, name, externalId }) {
      const { value } = await ask({
        operation: "findCheckRun",
        path: `${repositoryPath(fullName)}/commits/${headSha}/check-runs`,
        query: { check_name: name, filter: "all", per_page: String(PAGE) },
        answer: checkRuns,
      });
      const found = value.check_runs.find(({ external_id }) => external_id === externalId);
      return found === undefined ? undefined : toCheckRun(found);
    },
    async createCheckRun({ fullName, headSha, name, externalId, conclusion, ...output }) {
      const { value } = await ask({
        operation: "createCheckRun",
        method: "POST",
        idempotent: false,
        path: `${repositoryPath(fullName)}/check-runs`,
        body: { name, head_sha: headSha, external_id: externalId, status: "completed", conclusion, output: toOutput(output) },
        answer: checkRun,
      });
      return toCheckRun(value);
    },
    async addAnnotations({ fullName, checkRunId, ...output }) {
      await ask({
        operation: "addAnnotations",
        method: "PATCH",
        idempotent: false,
        path: `${repositoryPath(fullName)}/check-runs/${checkRunId}`,
        body: { output: toOutput(output) },
        answer: checkRun,
      });
    },
    createReview: ({ headSha, body, comments, ...pull }) =>
      unlessUnprocessable(async () => {
        const { value } = await ask({
          operation: "createReview",
          method: "POST",
          idempotent: false,
          path: `${pullPath(pull)}/reviews`,
          body: { commit_id: headSha, event: "COMMENT", body, comments: comments.map((each) => ({ ...each, side: "RIGHT" })) },
          answer: created,
        });
        return value.id;
      }),
    createComment: ({ headSha, path, line, body, ...pull }) =>
      unlessUnprocessable(async () => {
        const { value } = await ask({
          operation: "createComment",
          method: "POST",
          idempotent: false,
          path: `${pullPath(pull)}/comments`,
          body: { commit_id: headSha, path, line, side: "RIGHT", body },
          answer: created,
        });
        return value.id;
      }),
    async listBotComments(pull) {
      const comments: { id: number; body: string }[] = [];
      for (let page = 1; page <= MAX_COMMENT_PAGES; page += 1) {
        const { value } = await ask({
          operation: "listComments",
          path: `${pullPath(pull)}/comments`,
          query: { sort: "created", direction: "desc", per_page: String(PAGE), page: String(page) },
          maxAnswerBytes: MAX_COMMENTS_BYTES,
          answer: z.array(comment),
        });
        comments.push(...value.filter(({ user }) => user?.type === "Bot").map(({ id, body }) => ({ id, body })));
        if (value.length < PAGE) break;
      }
      return comments;
    },
    async updateComment({ fullName, commentId, body }) {
      const path = `${repositoryPath(fullName)}/pulls/comments/${commentId}`;
      try {
        await ask({ operation: "updateComment", method: "PATCH", path, body: { body }, answer: created });
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
      }
    },
  };
}

function toCheckRun({ id, output }: z.output<typeof checkRun>): CheckRun {
  return { checkRunId: id, annotations: output.annotations_count };
}

function toOutput({ title, summary, annotations }: CheckRunOutput) {
  return {
    title,
    summary,
    annotations: annotations.map(({ path, startLine, endLine, level, ...text }) => ({
      path,
      start_line: startLine,
      end_line: endLine,
      annotation_level: level,
      ...text,
    })),
  };
}

/** GitHub answers 422 to places that its diff does not show. */
async function unlessUnprocessable<Value>(ask: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (statusOf(error) !== 422) throw error;
    return undefined;
  }
}

function statusOf(error: unknown): number | undefined {
  const cause = error instanceof RepositoryRefused ? error.cause : undefined;
  return cause instanceof ProviderError ? cause.providerStatus : undefined;
}
