import type { Cache } from "../../../shared/cache/redis.ts";
import { type AppCalls, appCalls } from "./github/app-calls.ts";
import { createAppTokens } from "./github/app-token.ts";
import { type CallContext, createClient } from "./github/client.ts";
import { createInstallationTokens } from "./github/installation-tokens.ts";
import { type PullCalls, pullCalls } from "./github/pull-calls.ts";
import { type RepositoryCalls, repositoryCalls } from "./github/repository-calls.ts";

export type { AppCalls, GithubDelivery } from "./github/app-calls.ts";
export type { CallContext } from "./github/client.ts";
export type { PullCalls } from "./github/pull-calls.ts";
export { RepositoryRefused } from "./github/refusal.ts";
export type { GithubRepository, GithubTree, RepositoryCalls, TreeFile } from "./github/repository-calls.ts";

export interface GithubOptions {
  /** `GITHUB_API_URL`: `https://api.github.com`. */
  baseUrl: string;
  /** `GITHUB_APP_ID`: the number or the client id of the App. */
  appId: string;
  /** `GITHUB_APP_PRIVATE_KEY`: PEM, as GitHub gives it. */
  privateKey: string;
  cache: Cache;
}

/**
 * The calls of GitHub's REST API that mining and checking need; they reject with `ProviderError`, those on a repository also with
 * `RepositoryRefused`.
 *
 * @see https://docs.github.com/en/rest
 */
export interface Github {
  /** As one installation of the App; as nobody, when null, which GitHub allows 60 times an hour for public repositories. */
  repositories(installationId: number | null, ctx: CallContext): RepositoryCalls;
  /** As `repositories`; what is written needs an installation. */
  pulls(installationId: number | null, ctx: CallContext): PullCalls;
  /** As the App itself. */
  app(ctx: CallContext): AppCalls;
}

/** Kept per isolate: it holds the tokens of installations in memory, and nowhere else, until shortly before they expire. */
export function createGithub({ baseUrl, appId, privateKey, cache }: GithubOptions): Github {
  const appTokens = createAppTokens({ appId, privateKey });
  const installationTokens = createInstallationTokens();
  const clientOf = (installationId: number | null, ctx: CallContext) =>
    createClient({ baseUrl, cache, ctx, account: `${installationId ?? "public"}` });
  const accessOf = (installationId: number | null) =>
    installationId === null ? undefined : { installationId, installationTokens, appTokens };
  return {
    repositories: (installationId, ctx) => repositoryCalls(clientOf(installationId, ctx), accessOf(installationId)),
    pulls: (installationId, ctx) => pullCalls(clientOf(installationId, ctx), accessOf(installationId)),
    app: (ctx) => appCalls(createClient({ baseUrl, cache, ctx, account: "app" }), appTokens),
  };
}
