import { appView } from "./account-view.ts";
import { repositoryUrl, webUrl } from "./repository-view.ts";
import type { CheckRun, Repository, Schemas } from "./state.ts";
import { nodeIdOf } from "./webhooks.ts";
import { fullName, type World } from "./world.ts";

export function checkRunView(world: World, repository: Repository, run: CheckRun): Schemas["check-run"] {
  const name = fullName(world, repository);
  const api = repositoryUrl(world, name);
  const url = `${api}/check-runs/${run.id}`;
  const pulls = world.state.pulls.filter(
    (each) => each.repositoryId === repository.id && each.headSha === run.headSha && each.closedAtMs === null,
  );
  const short = { id: repository.id, url: api, name: repository.name };
  return {
    id: run.id,
    head_sha: run.headSha,
    node_id: nodeIdOf(run),
    external_id: run.externalId ?? "",
    url,
    html_url: `${webUrl(name)}/runs/${run.id}`,
    details_url: run.detailsUrl ?? "https://guilda.example",
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: {
      title: run.title,
      summary: run.summary,
      text: run.text,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    name: run.name,
    check_suite: { id: run.id },
    app: appView(world, world.state.app),
    pull_requests: pulls.map(({ id, number, headRef, headSha, baseRef, baseSha }) => ({
      id,
      number,
      url: `${api}/pulls/${number}`,
      head: { ref: headRef, sha: headSha, repo: short },
      base: { ref: baseRef, sha: baseSha, repo: short },
    })),
  };
}
