import { accountView } from "./account-view.ts";
import { instant } from "./answers.ts";
import { diffFiles, type FileDiff, followLine, readPatch } from "./diff.ts";
import { pullUrl } from "./pull-view.ts";
import { repositoryUrl } from "./repository-view.ts";
import type { Pull, Repository, ReviewComment, Schemas } from "./state.ts";
import { nodeIdOf } from "./webhooks.ts";
import { accountOf, directoryOf, fullName, type World } from "./world.ts";

type View = Omit<Schemas["pull-request-review-comment"], "line" | "position"> & { line: number | null; position: number | null };

/** Where a comment stands in the diff of today; null for both once its line is no longer there. */
export interface Place {
  line: number | null;
  position: number | null;
}

/** @param files what the pull request changes today. */
export async function reviewCommentView({
  world,
  repository,
  pull,
  files,
  comment,
}: {
  world: World;
  repository: Repository;
  pull: Pull;
  files: readonly FileDiff[];
  comment: ReviewComment;
}): Promise<View> {
  const { api, web } = pullUrl(world, repository, pull.number);
  const place = await placeOf({ directory: directoryOf(world, repository), pull, files, comment });
  const url = `${repositoryUrl(world, fullName(world, repository))}/pulls/comments/${comment.id}`;
  const html = `${web}#discussion_r${comment.id}`;
  return {
    id: comment.id,
    node_id: nodeIdOf(comment),
    url,
    html_url: html,
    pull_request_url: api,
    pull_request_review_id: comment.reviewId,
    diff_hunk: comment.diffHunk,
    path: comment.path,
    commit_id: place.line === null ? comment.commitSha : pull.headSha,
    original_commit_id: comment.commitSha,
    user: accountView(world, accountOf(world, comment.userId)),
    body: comment.body,
    created_at: instant(comment.createdAtMs),
    updated_at: instant(comment.updatedAtMs),
    author_association: "NONE",
    _links: { self: { href: url }, html: { href: html }, pull_request: { href: api } },
    ...place,
    original_position: comment.position,
    original_line: comment.line,
    side: comment.side,
    start_line: place.line === null || comment.startLine === null ? null : place.line - (comment.line - comment.startLine),
    original_start_line: comment.startLine,
    start_side: comment.startSide,
    subject_type: "line",
    reactions: {
      url: `${url}/reactions`,
      total_count: 0,
      "+1": 0,
      "-1": 0,
      laugh: 0,
      hooray: 0,
      confused: 0,
      heart: 0,
      rocket: 0,
      eyes: 0,
    },
  };
}

async function placeOf({
  directory,
  pull,
  files,
  comment,
}: {
  directory: string;
  pull: Pull;
  files: readonly FileDiff[];
  comment: ReviewComment;
}): Promise<Place> {
  const outdated: Place = { line: null, position: null };
  const line = await lineToday({ directory, pull, comment });
  if (line === undefined) return outdated;
  const file = files.find(({ path }) => path === comment.path);
  const found = findLine({ patch: file?.patch ?? "", line, side: comment.side });
  return found === undefined ? outdated : { line, position: found.position };
}

async function lineToday({
  directory,
  pull,
  comment,
}: {
  directory: string;
  pull: Pull;
  comment: ReviewComment;
}): Promise<number | undefined> {
  if (comment.side === "LEFT" || comment.commitSha === pull.headSha) return comment.line;
  const [since] = await diffFiles({ directory, from: comment.commitSha, to: pull.headSha, path: comment.path });
  return followLine({ patch: since?.patch ?? "", line: comment.line });
}

/** @returns the line of a patch that shows this line of the file, on this side. */
export function findLine({ patch, line, side }: { patch: string; line: number; side: ReviewComment["side"] }) {
  return readPatch(patch).find(({ kind, left, right }) =>
    side === "LEFT" ? kind !== "+" && left === line : kind !== "-" && right === line,
  );
}
