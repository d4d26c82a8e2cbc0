import { json, type WireAnswer } from "../http-server.ts";
import { answerList, type RepositoryCall } from "./call.ts";
import { commitView, fileView } from "./commit-view.ts";
import { listCommits } from "./history.ts";
import { fullPullView, pullFiles, pullView } from "./pull-view.ts";
import type { Pull } from "./state.ts";
import { accountOf, required } from "./world.ts";

const MAX_PULL_COMMITS = 250;

/** `GET /repos/{owner}/{repo}/pulls`, by `state`, `head` (`owner:branch`) and `base`, newest first. */
export function listPulls(call: RepositoryCall): Promise<WireAnswer> {
  const { world, repository, query } = call;
  const state = query.get("state") ?? "open";
  const owner = accountOf(world, repository.ownerId).login;
  const found = world.state.pulls.filter(
    (each) =>
      each.repositoryId === repository.id &&
      (state === "all" || (each.closedAtMs === null) === (state === "open")) &&
      [null, each.baseRef].includes(query.get("base")) &&
      [null, `${owner}:${each.headRef}`].includes(query.get("head")),
  );
  const inOrder = query.get("direction") === "asc" ? found : found.reverse();
  return answerList(call, inOrder, (each) => pullView(world, repository, each));
}

export async function getPull(call: RepositoryCall): Promise<WireAnswer> {
  return json(200, await fullPullView(call.world, call.repository, pullOf(call)));
}

export async function listPullFiles(call: RepositoryCall): Promise<WireAnswer> {
  const { world, repository, directory } = call;
  const pull = pullOf(call);
  const files = (await pullFiles({ directory, pull })).slice(0, world.limits.pullFiles);
  return answerList(call, files, (file) => fileView({ world, repository, sha: pull.headSha, file }));
}

/** Oldest first, at most 250. */
export async function listPullCommits(call: RepositoryCall): Promise<WireAnswer> {
  const { world, repository, directory } = call;
  const { baseSha, headSha } = pullOf(call);
  const commits = await listCommits({ directory, range: `${baseSha}..${headSha}`, options: ["--reverse"] });
  return answerList(call, commits.slice(0, MAX_PULL_COMMITS), (each) => commitView(world, repository, each));
}

/** @throws Refusal (404) when the number within the path is no pull request's. */
export function pullOf({ world, repository, params: [number] }: RepositoryCall): Pull {
  return required(world.state.pulls.find((each) => each.repositoryId === repository.id && each.number === Number(number)));
}
