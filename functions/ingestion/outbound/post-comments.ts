import type { Statement } from "../../../shared/db/connect.ts";
import { UnavailableError } from "../../../shared/errors/app-error.ts";
import { runEffect } from "../../../shared/jobs/run-effect.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { NewComment } from "../pulls/render-check.ts";
import type { PullCalls } from "./github/pull-calls.ts";

const REVIEW_BODY = "Guilda compared the changed lines with the conventions of this repository.";
/** Its key goes on with the pull request and the number of the review, whichever check it tells of: so one at a time is posted. */
export const REVIEW_EFFECT = "github.review";
/** The last line of each of our comments, which shows nowhere: it says which violation the comment tells of. */
const MARK = /<!-- guilda:([0-9a-f]{64}) -->\s*$/;

/** A comment to be made; its body has no mark yet. */
export interface WantedComment extends NewComment {
  fingerprint: string;
}

export interface PostedComments {
  /** GitHub's ids of the comments by fingerprint, those among them that an earlier attempt has made. */
  commentIds: ReadonlyMap<string, number>;
  confirms: Statement[];
}

interface Posting {
  ctx: JobContext;
  pulls: PullCalls;
  pull: {
    fullName: string;
    number: number;
    headSha: string;
    pullRequestId: string;
    pullCheckId: string;
    /** How many reviews are known to have been posted. */
    reviews: number;
  };
  wanted: readonly WantedComment[];
}

/**
 * Makes comments in one review, each once: what an attempt before has made is found by its marks. When GitHub refuses one of the places,
 * each is made by itself, and only those that it refuses are lost.
 */
export async function postComments(posting: Posting): Promise<PostedComments> {
  const { ctx, pulls, pull, wanted } = posting;
  let missing = wanted;
  const { value, confirm } = await runEffect<{ pullCheckId: string; isRefused: boolean }>({
    ctx,
    key: `${REVIEW_EFFECT}:${pull.pullRequestId}:${pull.reviews}`,
    async find() {
      const known = await findComments(posting);
      missing = wanted.filter(({ fingerprint }) => !known.has(fingerprint));
      return missing.length === 0 ? { pullCheckId: pull.pullCheckId, isRefused: false } : undefined;
    },
    async call() {
      const reviewId = await pulls.createReview({ ...pull, body: REVIEW_BODY, comments: missing.map(marked) });
      return { pullCheckId: pull.pullCheckId, isRefused: reviewId === undefined };
    },
  });
  // The report of another check was faster; what it has made must be read first.
  if (value.pullCheckId !== pull.pullCheckId) throw new UnavailableError(undefined, { errorCode: "REVIEW_OF_ANOTHER_CHECK" });
  const confirms = [confirm];
  if (value.isRefused) for (const comment of missing) confirms.push((await postSingly({ posting, comment })).confirm);
  return { commentIds: await findComments(posting), confirms };
}

async function postSingly({ posting, comment }: { posting: Posting; comment: WantedComment }) {
  const { ctx, pulls, pull } = posting;
  return await runEffect<{ commentId: number | null }>({
    ctx,
    key: `github.comment:${pull.pullCheckId}:${comment.fingerprint}`,
    async find() {
      const commentId = (await findComments(posting)).get(comment.fingerprint);
      return commentId === undefined ? undefined : { commentId };
    },
    call: async () => ({ commentId: (await pulls.createComment({ ...pull, ...marked(comment) })) ?? null }),
  });
}

async function findComments({ pulls, pull }: Posting): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  // The newest come first: of two with one mark the older one is meant.
  for (const { id, body } of await pulls.listBotComments(pull)) {
    const fingerprint = MARK.exec(body)?.[1];
    if (fingerprint !== undefined) ids.set(fingerprint, id);
  }
  return ids;
}

function marked({ fingerprint, body, path, line }: WantedComment): NewComment {
  return { path, line, body: withMark({ body, fingerprint }) };
}

export function withMark({ body, fingerprint }: { body: string; fingerprint: string }): string {
  return `${body}\n\n<!-- guilda:${fingerprint} -->`;
}
