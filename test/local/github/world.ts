import { join } from "node:path";
import { notFound } from "./answers.ts";
import type { Limits } from "./limits.ts";
import type { Account, GitHubState, Installation, Repository } from "./state.ts";

/** All that is behind one GitHub: its records, its repositories and its clock. */
export interface World {
  state: GitHubState;
  save(): void;
  now(): Date;
  /** Base URL of the API. */
  url: string;
  /** Where the bare repositories live. */
  folder: string;
  limits: Limits;
}

export function nextId(world: World): number {
  world.state.lastId += 1;
  return world.state.lastId;
}

export function directoryOf(world: World, { id }: Repository): string {
  return join(world.folder, `${id}.git`);
}

export function accountOf(world: World, id: number): Account {
  const account = world.state.accounts.find((each) => each.id === id);
  if (account === undefined) throw new Error(`no account ${id}`);
  return account;
}

export function fullName(world: World, { ownerId, name }: Repository): string {
  return `${accountOf(world, ownerId).login}/${name}`;
}

/** Names are alike in any case. */
export function findByName(world: World, name: string): Repository | undefined {
  return world.state.repositories.find((each) => fullName(world, each).toLowerCase() === name.toLowerCase());
}

export function findByFormerName(world: World, name: string): Repository | undefined {
  return world.state.repositories.find(({ formerNames }) => formerNames.includes(name.toLowerCase()));
}

/** @throws Refusal (404) when there is none. */
export function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw notFound();
  return value;
}

export function reaches(installation: Installation, repository: Repository): boolean {
  return installation.selection === "all"
    ? installation.accountId === repository.ownerId
    : installation.repositoryIds.includes(repository.id);
}
