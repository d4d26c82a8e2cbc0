import * as z from "zod";
import { json, type WireAnswer } from "../http-server.ts";
import { accountView, appView } from "./account-view.ts";
import { instant } from "./answers.ts";
import { answerList, bodyOf, type RepositoryCall } from "./call.ts";
import { botOf, requireOwn } from "./callers.ts";
import { pullUrl } from "./pull-view.ts";
import { pullOf } from "./pulls.ts";
import { repositoryUrl } from "./repository-view.ts";
import type { IssueComment, Schemas } from "./state.ts";
import { nodeIdOf } from "./webhooks.ts";
import { accountOf, fullName, nextId, required } from "./world.ts";

const MAX_BODY_LENGTH = 65_536;
const commentBody = z.object({ body: z.string().min(1).max(MAX_BODY_LENGTH) });

/** `GET /repos/{owner}/{repo}/issues/{number}/comments`, oldest first. A pull request is an issue; other issues there are none. */
export function listIssueComments(call: RepositoryCall): Promise<WireAnswer> {
  const { number } = pullOf(call);
  const comments = call.world.state.issueComments.filter(
    (each) => each.repositoryId === call.repository.id && each.issueNumber === number,
  );
  return answerList(call, comments, (each) => issueCommentView(call, each));
}

export function createIssueComment(call: RepositoryCall): WireAnswer {
  const { world, repository } = call;
  const { number } = pullOf(call);
  const { body } = bodyOf(call, commentBody);
  const nowMs = world.now().getTime();
  const comment: IssueComment = {
    id: nextId(world),
    repositoryId: repository.id,
    issueNumber: number,
    userId: botOf(world).id,
    body,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  world.state.issueComments.push(comment);
  world.save();
  const view = issueCommentView(call, comment);
  return json(201, view, { location: view.url });
}

export function getIssueComment(call: RepositoryCall): WireAnswer {
  return json(200, issueCommentView(call, commentOf(call)));
}

export function updateIssueComment(call: RepositoryCall): WireAnswer {
  const comment = commentOf(call);
  requireOwn(call, comment);
  Object.assign(comment, bodyOf(call, commentBody), { updatedAtMs: call.world.now().getTime() });
  call.world.save();
  return json(200, issueCommentView(call, comment));
}

export function deleteIssueComment(call: RepositoryCall): WireAnswer {
  const comment = commentOf(call);
  requireOwn(call, comment);
  const { issueComments } = call.world.state;
  issueComments.splice(issueComments.indexOf(comment), 1);
  call.world.save();
  return { status: 204, body: "" };
}

function commentOf({ world, repository, params: [id] }: RepositoryCall): IssueComment {
  return required(world.state.issueComments.find((each) => each.id === Number(id) && each.repositoryId === repository.id));
}

function issueCommentView({ world, repository }: RepositoryCall, comment: IssueComment): Schemas["issue-comment"] {
  const { web, issue } = pullUrl(world, repository, comment.issueNumber);
  const isOwn = comment.userId === botOf(world).id;
  return {
    id: comment.id,
    node_id: nodeIdOf(comment),
    url: `${repositoryUrl(world, fullName(world, repository))}/issues/comments/${comment.id}`,
    html_url: `${web}#issuecomment-${comment.id}`,
    issue_url: issue,
    body: comment.body,
    user: accountView(world, accountOf(world, comment.userId)),
    created_at: instant(comment.createdAtMs),
    updated_at: instant(comment.updatedAtMs),
    author_association: comment.userId === repository.ownerId ? "OWNER" : "NONE",
    performed_via_github_app: isOwn ? appView(world, world.state.app) : null,
  };
}
