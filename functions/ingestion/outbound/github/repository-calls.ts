import * as z from "zod";
import { UnavailableError, ValidationError } from "../../../../shared/errors/app-error.ts";
import { ProviderError } from "../../../../shared/outbound/provider-error.ts";
import type { AppTokens } from "./app-token.ts";
import type { GithubClient } from "./client.ts";
import type { InstallationTokens } from "./installation-tokens.ts";
import { RepositoryRefused, toRepositoryError } from "./refusal.ts";

/** GitHub gives 7 MB of a tree at most. */
const MAX_TREE_BYTES = 12 * 1_048_576;
const SYMLINK_MODE = "120000";
const FULL_NAME = /^[\w-][\w.-]{0,99}\/(?!\.\.?$)[\w.-]{1,100}$/;

const sha = z.string().regex(/^[0-9a-f]{40}$/);
const repository = z.object({
  id: z.int(),
  full_name: z.string().regex(FULL_NAME),
  private: z.boolean(),
  default_branch: z.string().min(1),
});
const tree = z.object({
  tree: z.array(z.object({ path: z.string(), mode: z.string(), type: z.string(), sha, size: z.int().nonnegative().optional() })),
  truncated: z.boolean(),
});
const blob = z.object({ content: z.string(), encoding: z.literal("base64") });
const accessToken = z.object({ token: z.string().min(1), expires_at: z.iso.datetime({ offset: true }) });

export interface GithubRepository {
  githubId: number;
  fullName: string;
  isPrivate: boolean;
  defaultBranch: string;
}

/** A file of a commit. */
export interface TreeFile {
  path: string;
  /** Git's hash of its content. */
  sha: string;
  size: number;
}

export interface GithubTree {
  files: TreeFile[];
  links: number;
  /** Whether GitHub left files out, as the tree has more than 100,000 entries or 7 MB. */
  isTruncated: boolean;
}

/** Of a repository, as one installation or as nobody. All throw `RepositoryRefused` and `ProviderError`. */
export interface RepositoryCalls {
  /** By its id when that is known, which survives a rename; else by its present or a former name. */
  getRepository(repo: { githubId: number | null; fullName: string }): Promise<GithubRepository>;
  /**
   * The commit that a branch is at.
   *
   * @param known where it was before: GitHub does not count an answer that nothing has changed.
   */
  getHead(branch: { fullName: string; branch: string; known?: string | undefined }): Promise<string>;
  getTree(commit: { fullName: string; commitSha: string }): Promise<GithubTree>;
  /** @returns the content of a file of at most 700 KiB. */
  getBlob(file: { fullName: string; sha: string }): Promise<Uint8Array>;
  /** @returns the gzipped tar archive of a commit, as it streams. */
  openTarball(commit: { fullName: string; commitSha: string }): Promise<ReadableStream<Uint8Array>>;
}

export interface InstallationAccess {
  installationId: number;
  installationTokens: InstallationTokens;
  appTokens: AppTokens;
}

export function repositoryCalls(client: GithubClient, access?: InstallationAccess): RepositoryCalls {
  const ask = <Result>(work: (token: string | undefined) => Promise<Result>) => withToken({ client, access, work });
  return {
    async getRepository({ githubId, fullName }) {
      const path = githubId === null ? repositoryPath(fullName) : `/repositories/${githubId}`;
      const mayFollow = ({ origin }: URL) => origin === new URL(client.baseUrl).origin;
      const call = { operation: "getRepository", path, mayFollow, answer: repository };
      const { value } = await ask((token) => client.call(call, token));
      return {
        githubId: value.id,
        fullName: value.full_name,
        isPrivate: value.private,
        defaultBranch: value.default_branch,
      };
    },
    async getHead({ fullName, branch, known }) {
      const call = {
        operation: "getHead",
        path: `${repositoryPath(fullName)}/commits/${encodeURIComponent(branch)}`,
        // Asked for like this, the answer is the hash and its ETag as well.
        headers: { accept: "application/vnd.github.sha", ...(known === undefined ? {} : { "if-none-match": `"${known}"` }) },
        format: "text" as const,
        answer: known === undefined ? sha : sha.default(known),
      };
      return (await ask((token) => client.call(call, token))).value;
    },
    async getTree({ fullName, commitSha }) {
      const call = {
        operation: "getTree",
        path: `${repositoryPath(fullName)}/git/trees/${commitSha}`,
        query: { recursive: "1" },
        maxAnswerBytes: MAX_TREE_BYTES,
        answer: tree,
      };
      const { value } = await ask((token) => client.call(call, token));
      const blobs = value.tree.filter(({ type }) => type === "blob");
      const files = blobs.filter(({ mode }) => mode !== SYMLINK_MODE);
      return {
        files: files.map(({ path, sha: blobSha, size = 0 }) => ({ path, sha: blobSha, size })),
        links: blobs.length - files.length,
        isTruncated: value.truncated,
      };
    },
    async getBlob({ fullName, sha: blobSha }) {
      const call = { operation: "getBlob", path: `${repositoryPath(fullName)}/git/blobs/${blobSha}`, answer: blob };
      const { value } = await ask((token) => client.call(call, token));
      return Uint8Array.from(atob(value.content.replaceAll("\n", "")), (char) => char.charCodeAt(0));
    },
    openTarball({ fullName, commitSha }) {
      const path = `${repositoryPath(fullName)}/tarball/${commitSha}`;
      const request = { operation: "openTarball", path, mayFollow: (location: URL) => isOfGithub(location, client.baseUrl) };
      return ask((token) => client.open(request, token));
    },
  };
}

/** @throws ValidationError: a name that is more than a name would call something else. */
export function repositoryPath(fullName: string): string {
  if (!FULL_NAME.test(fullName))
    throw new ValidationError("Not the name of a repository", { errorCode: "REPOSITORY_NAME_INVALID" });
  return `/repos/${fullName}`;
}

/** Archives are kept at another host of GitHub's, under an address that opens one of them for a while. */
function isOfGithub({ protocol, hostname, origin }: URL, baseUrl: string): boolean {
  return (
    origin === new URL(baseUrl).origin || (protocol === "https:" && /(^|\.)(github\.com|githubusercontent\.com)$/.test(hostname))
  );
}

/** A token that GitHub no longer takes is asked for anew, once. */
export async function withToken<Result>({
  client,
  access,
  work,
}: {
  client: GithubClient;
  access: InstallationAccess | undefined;
  work: (token: string | undefined) => Promise<Result>;
}): Promise<Result> {
  try {
    if (access === undefined) return await work(undefined);
    const known = access.installationTokens.find(access.installationId, Date.now());
    try {
      return await work(known ?? (await mint({ client, access })));
    } catch (error) {
      if (known === undefined || !(error instanceof ProviderError) || error.providerStatus !== 401) throw error;
      access.installationTokens.forget(access.installationId);
      return await work(await mint({ client, access }));
    }
  } catch (error) {
    throw toRepositoryError(error);
  }
}

/** @throws RepositoryRefused access_lost when the App is suspended or removed there; UnavailableError when GitHub does not know the App itself. */
async function mint({
  client,
  access: { installationId, installationTokens, appTokens },
}: {
  client: GithubClient;
  access: InstallationAccess;
}): Promise<string> {
  try {
    const { value } = await client.call(
      {
        operation: "createInstallationToken",
        method: "POST",
        path: `/app/installations/${installationId}/access_tokens`,
        answer: accessToken,
      },
      await appTokens.sign(Date.now()),
    );
    installationTokens.keep(installationId, { token: value.token, expiresAtMs: Date.parse(value.expires_at) });
    return value.token;
  } catch (error) {
    if (!(error instanceof ProviderError) || error.kind !== "refused") throw error;
    if (error.providerStatus !== 401) throw new RepositoryRefused("access_lost", error);
    throw new UnavailableError(undefined, { errorCode: "GITHUB_APP_NOT_KNOWN", cause: error });
  }
}
