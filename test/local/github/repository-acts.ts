import { existsSync, rmSync } from "node:fs";
import type { ControlInput } from "./control-inputs.ts";
import type { Stage } from "./events.ts";
import { git, repositorySize } from "./git.ts";
import { resolveCommit } from "./history.ts";
import { importRepository } from "./import-repository.ts";
import type { Account, Repository } from "./state.ts";
import { accountOf, directoryOf, findByName, fullName, nextId, type World } from "./world.ts";

export interface RepositoryFacts {
  id: number;
  fullName: string;
  defaultBranch: string;
  headSha: string;
}

/** Serves a folder; one that is served already under this name stays as it is. */
export async function addRepository(
  { world }: Stage,
  { folder, owner, name, ownerType = "User", isPrivate = false, description, at }: ControlInput<"addRepository">,
): Promise<RepositoryFacts> {
  const known = findByName(world, `${owner}/${name}`);
  if (known !== undefined) return facts(world, known);
  const nowMs = world.now().getTime();
  const repository: Repository = {
    id: nextId(world),
    ownerId: ensureAccount(world, { login: owner, type: ownerType }).id,
    name,
    formerNames: [],
    isPrivate,
    description: description ?? null,
    defaultBranch: "",
    source: folder,
    createdAtMs: nowMs,
    pushedAtMs: nowMs,
    size: 0,
    lastNumber: 0,
  };
  const directory = directoryOf(world, repository);
  // Left by a process that was killed while it imported.
  if (existsSync(directory)) rmSync(directory, { recursive: true });
  const { defaultBranch } = await importRepository({ source: folder, directory });
  repository.defaultBranch = defaultBranch;
  repository.size = await repositorySize(directory);
  if (at !== undefined) await moveBranch({ directory, branch: defaultBranch, ref: at });
  world.state.repositories.push(repository);
  return facts(world, repository);
}

/** The former name leads to the repository until another one takes it. */
export async function renameRepository(
  { world }: Stage,
  { repository: oldName, name }: ControlInput<"renameRepository">,
): Promise<RepositoryFacts> {
  const repository = repositoryNamed(world, oldName);
  repository.formerNames.push(fullName(world, repository).toLowerCase());
  repository.name = name;
  return facts(world, repository);
}

export function setVisibility({ world }: Stage, { repository, isPrivate }: ControlInput<"setVisibility">): void {
  repositoryNamed(world, repository).isPrivate = isPrivate;
}

/** @throws Error when there is none. */
export function repositoryNamed(world: World, name: string): Repository {
  const repository = findByName(world, name);
  if (repository === undefined) throw new Error(`no repository ${name}`);
  return repository;
}

/** Finds an account by its id or login, and makes one that is new. */
export function ensureAccount(
  world: World,
  { id, login, type = "User" }: { id?: number; login: string; type?: Account["type"] },
): Account {
  const known = world.state.accounts.find((each) => each.id === id || each.login.toLowerCase() === login.toLowerCase());
  if (known !== undefined) return known;
  const account: Account = { id: id ?? nextId(world), login, type };
  world.state.accounts.push(account);
  return account;
}

/** @returns who does something: who is named, or else who owns it. */
export function senderOf(world: World, sender: { id: number; login: string } | undefined, ownerId: number): Account {
  return sender === undefined ? accountOf(world, ownerId) : ensureAccount(world, sender);
}

async function moveBranch({ directory, branch, ref }: { directory: string; branch: string; ref: string }): Promise<void> {
  const sha = await resolveCommit({ directory, ref });
  if (sha === undefined) throw new Error(`no commit ${ref}`);
  await git({ directory, args: ["update-ref", `refs/heads/${branch}`, sha] });
}

async function facts(world: World, repository: Repository): Promise<RepositoryFacts> {
  const { id, defaultBranch } = repository;
  const headSha = (await resolveCommit({ directory: directoryOf(world, repository), ref: defaultBranch })) ?? "";
  return { id, fullName: fullName(world, repository), defaultBranch, headSha };
}
