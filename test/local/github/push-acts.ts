import type { ControlInput } from "./control-inputs.ts";
import { NO_COMMIT, type Push, type Stage, sendPush } from "./events.ts";
import { git, repositorySize } from "./git.ts";
import { isSha, resolveCommit } from "./history.ts";
import { importCommit } from "./import-repository.ts";
import { synchronizePulls } from "./pull-acts.ts";
import { repositoryNamed, senderOf } from "./repository-acts.ts";
import type { Account, Repository } from "./state.ts";
import { directoryOf, type World } from "./world.ts";
import { type FileChange, writeCommit } from "./write-commit.ts";

/** A push: the App hears of it, and then of each open pull request that it belongs to. */
export async function push(stage: Stage, input: ControlInput<"push">): Promise<Push> {
  const { world } = stage;
  const repository = repositoryNamed(world, input.repository);
  const directory = directoryOf(world, repository);
  const branch = input.branch ?? repository.defaultBranch;
  const sender = senderOf(world, input.sender, repository.ownerId);
  const before = await resolveCommit({ directory, ref: `refs/heads/${branch}` });
  const parent = before ?? (await resolveCommit({ directory, ref: repository.defaultBranch })) ?? null;
  const after =
    input.sha === undefined
      ? await commitFiles({ ...input, world, directory, branch, parent, sender })
      : await moveTo({ directory, branch, sha: input.sha, source: repository.source });
  await announcePush({ stage, repository, push: { branch, before: before ?? NO_COMMIT, after }, sender });
  return { branch, before: before ?? NO_COMMIT, after };
}

export async function deleteBranch(
  stage: Stage,
  { repository: name, branch, sender }: ControlInput<"deleteBranch">,
): Promise<void> {
  const { world } = stage;
  const repository = repositoryNamed(world, name);
  const directory = directoryOf(world, repository);
  const before = await resolveCommit({ directory, ref: `refs/heads/${branch}` });
  if (before === undefined) throw new Error(`no branch ${branch}`);
  await git({ directory, args: ["update-ref", "-d", `refs/heads/${branch}`] });
  const by = senderOf(world, sender, repository.ownerId);
  await announcePush({ stage, repository, push: { branch, before, after: NO_COMMIT }, sender: by });
}

/** Tells of a branch that has moved already. */
export async function announcePush({
  stage,
  repository,
  push: pushed,
  sender,
}: {
  stage: Stage;
  repository: Repository;
  push: Push;
  sender: Account;
}): Promise<void> {
  repository.pushedAtMs = stage.world.now().getTime();
  repository.size = await repositorySize(directoryOf(stage.world, repository));
  await sendPush({ stage, repository, push: pushed, sender });
  await synchronizePulls({ stage, repository, push: pushed, sender });
}

async function moveTo({
  directory,
  branch,
  sha,
  source,
}: {
  directory: string;
  branch: string;
  sha: string;
  source: string;
}): Promise<string> {
  const known = await resolveCommit({ directory, ref: sha });
  if (known === undefined && isSha(sha)) await importCommit({ source, directory, sha });
  const commit = known ?? (await resolveCommit({ directory, ref: sha }));
  if (commit === undefined) throw new Error(`no commit ${sha}`);
  await git({ directory, args: ["update-ref", `refs/heads/${branch}`, commit] });
  return commit;
}

async function commitFiles({
  world,
  directory,
  branch,
  parent,
  sender,
  files = {},
  message = "Change files",
}: {
  world: World;
  directory: string;
  branch: string;
  parent: string | null;
  sender: Account;
  files?: Record<string, string | null> | undefined;
  message?: string | undefined;
}): Promise<string> {
  const changes = Object.entries(files).map(
    ([path, content]): FileChange => ({ path, mode: "100644", content: content === null ? null : Buffer.from(content) }),
  );
  const author = { name: sender.login, email: `${sender.login}@users.noreply.github.com`, date: world.now() };
  return writeCommit({ directory, branch, parent, changes, message, author });
}
