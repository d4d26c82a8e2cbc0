import type { ControlInput } from "./control-inputs.ts";
import { type InstallationAction, type Stage, sendInstallation, sendInstallationRepositories } from "./events.ts";
import { ensureAccount, repositoryNamed, senderOf } from "./repository-acts.ts";
import type { Account, Installation, Permissions, Repository } from "./state.ts";
import { nextId, reaches, type World } from "./world.ts";

/** What the App asks for. */
export const APP_PERMISSIONS: Permissions = { metadata: "read", contents: "read", checks: "write", pull_requests: "write" };

export function install(
  stage: Stage,
  { account: login, repositories, permissions, sender }: ControlInput<"install">,
): { installationId: number; accountId: number } {
  const { world } = stage;
  const account = ensureAccount(world, { login });
  if (world.state.installations.some(({ accountId }) => accountId === account.id)) {
    throw new Error(`the App is installed on ${login} already`);
  }
  const nowMs = world.now().getTime();
  const installation: Installation = {
    id: nextId(world),
    accountId: account.id,
    selection: repositories === "all" ? "all" : "selected",
    repositoryIds: repositories === "all" ? [] : repositories.map((name) => repositoryNamed(world, name).id),
    permissions: permissions === undefined ? APP_PERMISSIONS : { metadata: "read", ...permissions },
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    suspended: null,
  };
  world.state.installations.push(installation);
  tell({ stage, installation, action: "created", by: senderOf(world, sender, account.id) });
  return { installationId: installation.id, accountId: account.id };
}

export function chooseRepositories(
  stage: Stage,
  { installationId, add = [], remove = [], sender }: ControlInput<"chooseRepositories">,
): void {
  const { world } = stage;
  const installation = installationWith(world, installationId);
  const [added, removed] = [add, remove].map((names) => names.map((name) => repositoryNamed(world, name)));
  const before = reached(world, installation).map(({ id }) => id);
  const after = new Set([...before, ...ids(added)]);
  for (const id of ids(removed)) after.delete(id);
  Object.assign(installation, { selection: "selected", repositoryIds: [...after], updatedAtMs: world.now().getTime() });
  const by = senderOf(world, sender, installation.accountId);
  sendInstallationRepositories({ stage, installation, added: added ?? [], removed: removed ?? [], sender: by });
}

export function suspend(stage: Stage, { installationId, sender }: ControlInput<"suspend">): void {
  const installation = installationWith(stage.world, installationId);
  const by = senderOf(stage.world, sender, installation.accountId);
  installation.suspended = { byId: by.id, atMs: stage.world.now().getTime() };
  tell({ stage, installation, action: "suspend", by });
}

export function unsuspend(stage: Stage, { installationId, sender }: ControlInput<"unsuspend">): void {
  const installation = installationWith(stage.world, installationId);
  installation.suspended = null;
  tell({ stage, installation, action: "unsuspend", by: senderOf(stage.world, sender, installation.accountId) });
}

export function uninstall(stage: Stage, { installationId, sender }: ControlInput<"uninstall">): void {
  const { state } = stage.world;
  const installation = installationWith(stage.world, installationId);
  state.installations.splice(state.installations.indexOf(installation), 1);
  state.tokens = state.tokens.filter((token) => token.installationId !== installationId);
  tell({ stage, installation, action: "deleted", by: senderOf(stage.world, sender, installation.accountId) });
}

function tell({
  stage,
  installation,
  action,
  by,
}: {
  stage: Stage;
  installation: Installation;
  action: InstallationAction;
  by: Account;
}): void {
  installation.updatedAtMs = stage.world.now().getTime();
  sendInstallation({ stage, installation, action, repositories: reached(stage.world, installation), sender: by });
}

function installationWith(world: World, id: number): Installation {
  const installation = world.state.installations.find((each) => each.id === id);
  if (installation === undefined) throw new Error(`no installation ${id}`);
  return installation;
}

function reached(world: World, installation: Installation): Repository[] {
  return world.state.repositories.filter((each) => reaches(installation, each));
}

function ids(repositories: readonly Repository[] | undefined): number[] {
  return (repositories ?? []).map(({ id }) => id);
}
