import { accountView, appView, installationView } from "./account-view.ts";
import { checkRunView } from "./check-run-view.ts";
import { pushedCommitView } from "./commit-view.ts";
import { diffFiles } from "./diff.ts";
import { type Commit, EMPTY_TREE, getCommit, listCommits, mergeBase } from "./history.ts";
import { fullPullView } from "./pull-view.ts";
import { repositoryView, shortRepositoryView, webUrl } from "./repository-view.ts";
import type { Account, CheckRun, Installation, Pull, Repository, Schemas } from "./state.ts";
import type { WebhookSender } from "./webhooks.ts";
import { accountOf, directoryOf, fullName, type World } from "./world.ts";

export const NO_COMMIT = "0".repeat(40);
const MAX_PUSHED_COMMITS = 2048;

export interface Stage {
  world: World;
  webhooks: WebhookSender;
}

export function sendPing({ world, webhooks }: Stage): void {
  const { app } = world.state;
  const { events, created_at, updated_at } = appView(world, app);
  webhooks.send({
    event: "ping",
    payload: {
      zen: "Design for failure.",
      hook_id: app.hookId,
      hook: {
        type: "App",
        id: app.hookId,
        name: "web",
        active: true,
        events,
        config: { content_type: "json", insecure_ssl: "0", secret: "********", url: webhooks.url ?? null },
        updated_at,
        created_at,
        app_id: app.id,
        deliveries_url: `${world.url}/app/hook/deliveries`,
      },
    },
  });
}

export type InstallationAction = "created" | "deleted" | "suspend" | "unsuspend";

export function sendInstallation({
  stage: { world, webhooks },
  installation,
  action,
  repositories,
  sender,
}: {
  stage: Stage;
  installation: Installation;
  action: InstallationAction;
  repositories: readonly Repository[];
  sender: Account;
}): void {
  webhooks.send({
    event: "installation",
    installation,
    payload: {
      action,
      installation: installationView(world, installation),
      repositories: repositories.map((each) => shortRepositoryView(world, each)),
      requester: null,
      sender: accountView(world, sender),
    },
  });
}

export function sendInstallationRepositories({
  stage: { world, webhooks },
  installation,
  added,
  removed,
  sender,
}: {
  stage: Stage;
  installation: Installation;
  added: readonly Repository[];
  removed: readonly Repository[];
  sender: Account;
}): void {
  const short = (repositories: readonly Repository[]) => repositories.map((each) => shortRepositoryView(world, each));
  for (const [action, changed] of [
    ["added", added],
    ["removed", removed],
  ] as const) {
    if (changed.length === 0) continue;
    webhooks.send({
      event: "installation_repositories",
      installation,
      payload: {
        action,
        installation: installationView(world, installation),
        repository_selection: installation.selection,
        repositories_added: short(action === "added" ? changed : []),
        repositories_removed: short(action === "removed" ? changed : []),
        requester: null,
        sender: accountView(world, sender),
      },
    });
  }
}

export interface Push {
  branch: string;
  /** `NO_COMMIT` for a branch that is made, or removed. */
  before: string;
  after: string;
}

export async function sendPush({
  stage: { world, webhooks },
  repository,
  push,
  sender,
}: {
  stage: Stage;
  repository: Repository;
  push: Push;
  sender: Account;
}): Promise<void> {
  const { branch, before, after } = push;
  const commits = await pushedCommits({ world, repository, push });
  const head =
    after === NO_COMMIT
      ? null
      : await pushedCommit({
          world,
          repository,
          commit: await getCommit({ directory: directoryOf(world, repository), sha: after }),
        });
  const base = webUrl(fullName(world, repository));
  const payload: Omit<Schemas["webhook-push"], "repository" | "installation"> = {
    ref: `refs/heads/${branch}`,
    before,
    after,
    base_ref: null,
    created: before === NO_COMMIT,
    deleted: after === NO_COMMIT,
    forced: await isForced({ world, repository, push }),
    compare:
      before === NO_COMMIT
        ? `${base}/commit/${after.slice(0, 12)}`
        : `${base}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
    commits,
    head_commit: head,
    pusher: { name: sender.login, email: `${sender.login}@users.noreply.github.com` },
    sender: accountView(world, sender),
  };
  webhooks.announce({ event: "push", repository, payload: { ...payload, repository: pushedRepositoryView(world, repository) } });
}

/** A push tells times as numbers, unlike everything else. */
function pushedRepositoryView(world: World, repository: Repository): object {
  const owner = accountOf(world, repository.ownerId);
  const view = repositoryView(world, repository);
  return {
    ...view,
    owner: { ...view.owner, name: owner.login, email: `${owner.login}@users.noreply.github.com` },
    url: view.html_url,
    created_at: Math.floor(repository.createdAtMs / 1000),
    pushed_at: Math.floor(repository.pushedAtMs / 1000),
    stargazers: 0,
    master_branch: repository.defaultBranch,
  };
}

type PushedCommit = Schemas["webhook-push"]["commits"][number];

/** What the branch has gained, oldest first; of a new branch what the default branch has not. */
async function pushedCommits({
  world,
  repository,
  push: { branch, before, after },
}: {
  world: World;
  repository: Repository;
  push: Push;
}): Promise<PushedCommit[]> {
  if (after === NO_COMMIT) return [];
  const { defaultBranch } = repository;
  const known = before === NO_COMMIT ? (branch === defaultBranch ? [] : [`^refs/heads/${defaultBranch}`]) : [`^${before}`];
  const options = [`--max-count=${MAX_PUSHED_COMMITS}`, ...known];
  const commits = await listCommits({ directory: directoryOf(world, repository), range: after, options });
  const views: PushedCommit[] = [];
  for (const commit of commits.reverse()) views.push(await pushedCommit({ world, repository, commit }));
  return views;
}

async function pushedCommit({
  world,
  repository,
  commit,
}: {
  world: World;
  repository: Repository;
  commit: Commit;
}): Promise<PushedCommit> {
  const directory = directoryOf(world, repository);
  const files = await diffFiles({ directory, from: commit.parents[0] ?? EMPTY_TREE, to: commit.sha });
  return pushedCommitView({ world, repository, commit, files });
}

async function isForced({
  world,
  repository,
  push: { before, after },
}: {
  world: World;
  repository: Repository;
  push: Push;
}): Promise<boolean> {
  if (before === NO_COMMIT || after === NO_COMMIT) return false;
  const directory = directoryOf(world, repository);
  return (await mergeBase({ directory, shas: [before, after] })) !== before;
}

export type PullAction = "opened" | "synchronize" | "closed" | "reopened";

/** @param more what this action tells beside the pull request. */
export async function sendPull({
  stage: { world, webhooks },
  repository,
  pull,
  action,
  sender,
  more = {},
}: {
  stage: Stage;
  repository: Repository;
  pull: Pull;
  action: PullAction;
  sender: Account;
  more?: { before: string; after: string } | Record<string, never>;
}): Promise<void> {
  const payload = {
    action,
    number: pull.number,
    pull_request: await fullPullView(world, repository, pull),
    ...more,
    repository: repositoryView(world, repository),
    sender: accountView(world, sender),
  };
  webhooks.announce({ event: "pull_request", repository, payload });
}

export type CheckRunAction = "created" | "completed" | "rerequested" | "requested_action";

export function sendCheckRun({
  stage: { world, webhooks },
  repository,
  checkRun,
  action,
  sender,
  more = {},
}: {
  stage: Stage;
  repository: Repository;
  checkRun: CheckRun;
  action: CheckRunAction;
  sender: Account;
  more?: { requested_action?: { identifier: string } };
}): void {
  const payload = {
    action,
    check_run: checkRunView(world, repository, checkRun),
    ...more,
    repository: repositoryView(world, repository),
    sender: accountView(world, sender),
  };
  webhooks.announce({ event: "check_run", repository, payload });
}
