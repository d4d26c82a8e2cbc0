import type { ControlInput } from "./control-inputs.ts";
import { NO_COMMIT, type Push, type Stage, sendPull } from "./events.ts";
import { git } from "./git.ts";
import { resolveCommit } from "./history.ts";
import { mergeCommit } from "./merge.ts";
import { announcePush } from "./push-acts.ts";
import { repositoryNamed, senderOf } from "./repository-acts.ts";
import type { Account, Pull, Repository } from "./state.ts";
import { directoryOf, fullName, nextId, type World } from "./world.ts";

export async function openPull(
  stage: Stage,
  { repository: name, head, base, title, body, isDraft = false, sender }: ControlInput<"openPull">,
): Promise<{ id: number; number: number; headSha: string }> {
  const { world } = stage;
  const repository = repositoryNamed(world, name);
  const baseRef = base ?? repository.defaultBranch;
  const [headSha, baseSha] = await Promise.all([head, baseRef].map((ref) => tipOf(world, repository, ref)));
  if (headSha === undefined || baseSha === undefined) throw new Error(`no branch ${headSha === undefined ? head : baseRef}`);
  const user = senderOf(world, sender, repository.ownerId);
  const nowMs = world.now().getTime();
  repository.lastNumber += 1;
  const pull: Pull = {
    id: nextId(world),
    number: repository.lastNumber,
    repositoryId: repository.id,
    userId: user.id,
    title: title ?? head,
    body: body ?? null,
    isDraft,
    headRef: head,
    headSha,
    baseRef,
    baseSha,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    closedAtMs: null,
    merged: null,
  };
  world.state.pulls.push(pull);
  await keepHead({ world, repository, pull });
  await sendPull({ stage, repository, pull, action: "opened", sender: user });
  return { id: pull.id, number: pull.number, headSha };
}

export async function closePull(stage: Stage, { repository: name, number, sender }: ControlInput<"closePull">): Promise<void> {
  const { repository, pull } = pullNamed(stage.world, name, number);
  await close({ stage, repository, pull, sender: senderOf(stage.world, sender, repository.ownerId) });
}

export async function reopenPull(stage: Stage, { repository: name, number, sender }: ControlInput<"reopenPull">): Promise<void> {
  const { repository, pull } = pullNamed(stage.world, name, number);
  if (pull.merged !== null) throw new Error(`#${number} is merged`);
  pull.closedAtMs = null;
  await tell({ stage, repository, pull, action: "reopened", sender: senderOf(stage.world, sender, repository.ownerId) });
}

/** Merges with a merge commit: a push to the base branch, and a pull request that is closed. */
export async function mergePull(
  stage: Stage,
  { repository: name, number, sender }: ControlInput<"mergePull">,
): Promise<{ sha: string }> {
  const { world } = stage;
  const { repository, pull } = pullNamed(world, name, number);
  const directory = directoryOf(world, repository);
  const before = await tipOf(world, repository, pull.baseRef);
  if (before === undefined || pull.closedAtMs !== null) throw new Error(`#${number} is not open`);
  const by = senderOf(world, sender, repository.ownerId);
  const author = { name: by.login, email: `${by.login}@users.noreply.github.com`, date: world.now() };
  const message = `Merge pull request #${number} from ${fullName(world, repository).split("/")[0]}/${pull.headRef}\n\n${pull.title}`;
  const sha = await mergeCommit({ directory, base: before, head: pull.headSha, message, author });
  if (sha === undefined) throw new Error(`#${number} is in conflict with ${pull.baseRef}`);
  await git({ directory, args: ["update-ref", `refs/heads/${pull.baseRef}`, sha] });
  pull.merged = { sha, byId: by.id, atMs: world.now().getTime() };
  await announcePush({ stage, repository, push: { branch: pull.baseRef, before, after: sha }, sender: by });
  await close({ stage, repository, pull, sender: by });
  return { sha };
}

/** A person's comment below a pull request. */
export function comment({ world }: Stage, { repository: name, number, body, sender }: ControlInput<"comment">): { id: number } {
  const { repository } = pullNamed(world, name, number);
  const nowMs = world.now().getTime();
  const id = nextId(world);
  const userId = senderOf(world, sender, repository.ownerId).id;
  world.state.issueComments.push({
    id,
    repositoryId: repository.id,
    issueNumber: number,
    userId,
    body,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  });
  return { id };
}

/** Every open pull request of a branch follows it; one whose branch is gone is closed. */
export async function synchronizePulls({
  stage,
  repository,
  push: { branch, before, after },
  sender,
}: {
  stage: Stage;
  repository: Repository;
  push: Push;
  sender: Account;
}): Promise<void> {
  const { world } = stage;
  const open = world.state.pulls.filter((each) => each.repositoryId === repository.id && each.closedAtMs === null);
  for (const pull of open.filter(({ headRef }) => headRef === branch)) {
    if (after === NO_COMMIT) {
      await close({ stage, repository, pull, sender });
      continue;
    }
    pull.headSha = after;
    pull.baseSha = (await tipOf(world, repository, pull.baseRef)) ?? pull.baseSha;
    await keepHead({ world, repository, pull });
    await tell({ stage, repository, pull, action: "synchronize", sender, more: { before, after } });
  }
}

async function close({
  stage,
  repository,
  pull,
  sender,
}: {
  stage: Stage;
  repository: Repository;
  pull: Pull;
  sender: Account;
}): Promise<void> {
  pull.closedAtMs = stage.world.now().getTime();
  await tell({ stage, repository, pull, action: "closed", sender });
}

async function tell(input: Parameters<typeof sendPull>[0]): Promise<void> {
  input.pull.updatedAtMs = input.stage.world.now().getTime();
  await sendPull(input);
}

function pullNamed(world: World, name: string, number: number): { repository: Repository; pull: Pull } {
  const repository = repositoryNamed(world, name);
  const pull = world.state.pulls.find((each) => each.repositoryId === repository.id && each.number === number);
  if (pull === undefined) throw new Error(`no pull request #${number} in ${name}`);
  return { repository, pull };
}

async function tipOf(world: World, repository: Repository, branch: string): Promise<string | undefined> {
  return resolveCommit({ directory: directoryOf(world, repository), ref: `refs/heads/${branch}` });
}

/** As at GitHub, what a pull request was is there after its branch is gone. */
async function keepHead({ world, repository, pull }: { world: World; repository: Repository; pull: Pull }): Promise<void> {
  await git({ directory: directoryOf(world, repository), args: ["update-ref", `refs/pull/${pull.number}/head`, pull.headSha] });
}
