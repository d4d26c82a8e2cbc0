import * as z from "zod";
import { json, type WireAnswer } from "../http-server.ts";
import { accountView } from "./account-view.ts";
import { instant, refuse } from "./answers.ts";
import { answerList, bodyOf, type RepositoryCall } from "./call.ts";
import { botOf, requireOwn } from "./callers.ts";
import { type FileDiff, readPatch } from "./diff.ts";
import { pullFiles, pullUrl } from "./pull-view.ts";
import { pullOf } from "./pulls.ts";
import { findLine, reviewCommentView } from "./review-comment-view.ts";
import type { Pull, Review, ReviewComment, Schemas } from "./state.ts";
import { nodeIdOf } from "./webhooks.ts";
import { accountOf, nextId, required } from "./world.ts";

const MAX_BODY_LENGTH = 65_536;
const body = z.string().max(MAX_BODY_LENGTH);
const side = z.enum(["LEFT", "RIGHT"]);

const newComment = z.object({
  path: z.string(),
  body: body.min(1),
  /** Lines below the first `@@`; instead of `line`. */
  position: z.int().positive().optional(),
  line: z.int().positive().optional(),
  side: side.optional(),
  start_line: z.int().positive().optional(),
  start_side: side.optional(),
});

const newSingleComment = newComment.extend({ commit_id: z.string() });

const newReview = z.object({
  commit_id: z.string().optional(),
  body: body.optional(),
  event: z.enum(["APPROVE", "REQUEST_CHANGES", "COMMENT"]).optional(),
  comments: z.array(newComment).optional(),
});

const changedComment = z.object({ body: body.min(1) });

const STATES = { APPROVE: "APPROVED", REQUEST_CHANGES: "CHANGES_REQUESTED", COMMENT: "COMMENTED" } as const;

/** `POST /repos/{owner}/{repo}/pulls/{number}/reviews`: all of its comments stand on lines of the diff, or there is no review. */
export async function createReview(call: RepositoryCall): Promise<WireAnswer> {
  const { world, directory } = call;
  const pull = pullOf(call);
  const input = bodyOf(call, newReview);
  if (input.event !== undefined && input.event !== "APPROVE" && !input.body && !input.comments?.length) {
    throw unprocessable("Body can't be blank");
  }
  if (input.commit_id !== undefined && input.commit_id !== pull.headSha) {
    throw unprocessable("commit_id is not part of the pull request");
  }
  const files = await pullFiles({ directory, pull });
  const places = (input.comments ?? []).map((comment) => placeComment(comment, files));
  const nowMs = world.now().getTime();
  const review: Review = {
    id: nextId(world),
    pullId: pull.id,
    userId: botOf(world).id,
    body: input.body ?? "",
    state: input.event === undefined ? "PENDING" : STATES[input.event],
    commitSha: pull.headSha,
    submittedAtMs: nowMs,
  };
  const made = places.map(
    (place): ReviewComment => ({
      id: nextId(world),
      reviewId: review.id,
      pullId: pull.id,
      userId: review.userId,
      commitSha: pull.headSha,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
      ...place,
    }),
  );
  world.state.reviews.push(review);
  world.state.reviewComments.push(...made);
  world.save();
  return json(200, reviewView(call, pull, review));
}

/** `POST /repos/{owner}/{repo}/pulls/{number}/comments`: one comment, which is a review by itself. */
export async function createReviewComment(call: RepositoryCall): Promise<WireAnswer> {
  const { world, repository, directory } = call;
  const pull = pullOf(call);
  const { commit_id: commitSha, ...input } = bodyOf(call, newSingleComment);
  if (commitSha !== pull.headSha) throw unprocessable("commit_id is not part of the pull request");
  const files = await pullFiles({ directory, pull });
  const place = placeComment(input, files);
  const nowMs = world.now().getTime();
  const userId = botOf(world).id;
  const review: Review = {
    id: nextId(world),
    pullId: pull.id,
    userId,
    body: "",
    state: STATES.COMMENT,
    commitSha,
    submittedAtMs: nowMs,
  };
  const made = { reviewId: review.id, pullId: pull.id, userId, commitSha, createdAtMs: nowMs, updatedAtMs: nowMs };
  const comment: ReviewComment = { id: nextId(world), ...made, ...place };
  world.state.reviews.push(review);
  world.state.reviewComments.push(comment);
  world.save();
  return json(201, await reviewCommentView({ world, repository, pull, files, comment }));
}

export function listReviews(call: RepositoryCall): Promise<WireAnswer> {
  const pull = pullOf(call);
  const reviews = call.world.state.reviews.filter(({ pullId }) => pullId === pull.id);
  return answerList(call, reviews, (review) => reviewView(call, pull, review));
}

/** `GET /repos/{owner}/{repo}/pulls/{number}/comments`, oldest first. */
export async function listReviewComments(call: RepositoryCall): Promise<WireAnswer> {
  const { world, repository } = call;
  const pull = pullOf(call);
  const comments = world.state.reviewComments.filter(({ pullId }) => pullId === pull.id);
  const files = await pullFiles({ directory: call.directory, pull });
  return answerList(call, comments, (comment) => reviewCommentView({ world, repository, pull, files, comment }));
}

export async function updateReviewComment(call: RepositoryCall): Promise<WireAnswer> {
  const { world, repository } = call;
  const { comment, pull } = reviewCommentOf(call);
  requireOwn(call, comment);
  comment.body = bodyOf(call, changedComment).body;
  comment.updatedAtMs = world.now().getTime();
  world.save();
  const files = await pullFiles({ directory: call.directory, pull });
  return json(200, await reviewCommentView({ world, repository, pull, files, comment }));
}

export function deleteReviewComment(call: RepositoryCall): WireAnswer {
  const { comment } = reviewCommentOf(call);
  requireOwn(call, comment);
  const { reviewComments } = call.world.state;
  reviewComments.splice(reviewComments.indexOf(comment), 1);
  call.world.save();
  return { status: 204, body: "" };
}

function reviewCommentOf({ world, repository, params: [id] }: RepositoryCall): { comment: ReviewComment; pull: Pull } {
  const comment = required(world.state.reviewComments.find((each) => each.id === Number(id)));
  const pull = required(world.state.pulls.find((each) => each.id === comment.pullId && each.repositoryId === repository.id));
  return { comment, pull };
}

type Place = Pick<ReviewComment, "path" | "body" | "line" | "side" | "startLine" | "startSide" | "position" | "diffHunk">;

/** @throws Refusal (422) for a file or line that the diff does not show. */
function placeComment(input: z.infer<typeof newComment>, files: readonly FileDiff[]): Place {
  const patch = files.find(({ path }) => path === input.path)?.patch;
  if (patch === undefined) throw unprocessable("Path could not be resolved");
  const side = input.side ?? "RIGHT";
  const at =
    input.line === undefined
      ? readPatch(patch).find(({ position }) => position === input.position)
      : findLine({ patch, line: input.line, side });
  if (at === undefined)
    throw unprocessable(input.line === undefined ? "Position could not be resolved" : "Line could not be resolved");
  const startSide = input.start_line === undefined ? null : (input.start_side ?? side);
  if (input.start_line !== undefined) {
    const start = findLine({ patch, line: input.start_line, side: startSide ?? side });
    if (start === undefined || start.hunk !== at.hunk || start.position >= at.position) {
      throw unprocessable("Start line could not be resolved");
    }
  }
  const realSide = input.line === undefined && at.kind === "-" ? "LEFT" : side;
  return {
    path: input.path,
    body: input.body,
    line: realSide === "LEFT" ? at.left : at.right,
    side: realSide,
    startLine: input.start_line ?? null,
    startSide,
    position: at.position,
    diffHunk: patch
      .split("\n")
      .slice(at.hunk, at.position + 1)
      .join("\n"),
  };
}

function unprocessable(reason: string) {
  return refuse({
    status: 422,
    message: "Unprocessable Entity",
    errors: [reason],
    page: "pulls/reviews#create-a-review-for-a-pull-request",
  });
}

function reviewView({ world, repository }: RepositoryCall, pull: Pull, review: Review): Schemas["pull-request-review"] {
  const { api, web } = pullUrl(world, repository, pull.number);
  const html = `${web}#pullrequestreview-${review.id}`;
  return {
    id: review.id,
    node_id: nodeIdOf(review),
    user: accountView(world, accountOf(world, review.userId)),
    body: review.body,
    state: review.state,
    html_url: html,
    pull_request_url: api,
    author_association: "NONE",
    _links: { html: { href: html }, pull_request: { href: api } },
    ...(review.state !== "PENDING" && { submitted_at: instant(review.submittedAtMs) }),
    commit_id: review.commitSha,
  };
}
