import { execFileSync } from "node:child_process";
import { sign } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/core";
import { afterEach } from "vitest";
import { type GitHub, type GitHubOptions, startGitHub } from "../../local/github.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../webhook-receiver.ts";
import { SECRET } from "./github-secret.ts";

export const OWNER = "ana";
export const REPOSITORY = "ana/mentoria";
export const API = `/repos/${REPOSITORY}`;
/** Of the account and of the reviewer, at GitHub. */
export const BIA = { id: 583_231, login: "bia" };

export const open: { close(): unknown }[] = [];

/** To be called by each file once: what its tests open is closed after each. */
export function closeAfterEach(): void {
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  });
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "guilda-github-test-"));
  open.push({ close: () => rmSync(folder, { recursive: true, force: true }) });
  return folder;
}

export function writeFiles(folder: string, files: Record<string, string | Buffer>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Git as a person runs it in a folder of their own. */
export function runGit(folder: string, ...args: string[]): string {
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_AUTHOR_NAME: "Ana",
    GIT_AUTHOR_EMAIL: "ana@guilda.test",
    GIT_COMMITTER_NAME: "Ana",
    GIT_COMMITTER_EMAIL: "ana@guilda.test",
    GIT_AUTHOR_DATE: "2026-03-01T09:00:00-03:00",
    GIT_COMMITTER_DATE: "2026-03-01T09:00:00-03:00",
  };
  return execFileSync("git", args, { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** A git repository with one commit for each set of files. @returns its folder and its commits, oldest first. */
export function gitRepository(...versions: Record<string, string | Buffer>[]): { folder: string; commits: string[] } {
  const folder = temporaryFolder();
  runGit(folder, "init", "--quiet", "--initial-branch=main");
  const commits = versions.map((files, index) => {
    writeFiles(folder, files);
    runGit(folder, "add", "--all");
    runGit(folder, "commit", "--quiet", "--message", `Version ${index + 1}`);
    return runGit(folder, "rev-parse", "HEAD");
  });
  return { folder, commits };
}

export async function gitHubWith(options: GitHubOptions = {}): Promise<GitHub> {
  const gitHub = await startGitHub(options);
  open.push(gitHub);
  return gitHub;
}

export interface Stage {
  gitHub: GitHub;
  receiver: WebhookReceiver;
  /** The real client, signed in as the installation. */
  octokit: Octokit;
  /** And as the App. */
  asApp: Octokit;
  installationId: number;
  folder: string;
  commits: string[];
}

/** A private repository of two commits, an installation that reaches it, and a receiver of webhooks that has heard of it. */
export async function stageWith({
  versions = [
    { "README.md": "# Mentoria\n", "src/a.ts": lines(1, 20) },
    { "src/a.ts": lines(1, 20).replace("line 5\n", "line five\n"), "src/b.ts": "export const b = 1;\n" },
  ],
  isPrivate = true,
  ...options
}: GitHubOptions & { versions?: Record<string, string | Buffer>[]; isPrivate?: boolean } = {}): Promise<Stage> {
  const receiver = await startWebhookReceiver();
  open.push(receiver);
  const gitHub = await gitHubWith({ webhook: { url: `${receiver.url}/webhooks/github`, secret: SECRET }, ...options });
  const { folder, commits } = gitRepository(...versions);
  await gitHub.addRepository({ folder, owner: OWNER, name: "mentoria", isPrivate });
  const { installationId } = await gitHub.install({ account: OWNER, repositories: "all", sender: BIA });
  await gitHub.idle();
  receiver.received.length = 0;
  return { gitHub, receiver, octokit: client(gitHub, installationId), asApp: client(gitHub), installationId, folder, commits };
}

/** The published client as it is; its own log is silent. */
export function client(gitHub: Pick<GitHub, "url" | "appId" | "privateKey">, installationId?: number): Octokit {
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const auth = { appId: gitHub.appId, privateKey: gitHub.privateKey, ...(installationId !== undefined && { installationId }) };
  return new Octokit({ baseUrl: gitHub.url, authStrategy: createAppAuth, auth, log });
}

export async function tokenOf(
  { gitHub, installationId }: { gitHub: Parameters<typeof client>[0]; installationId: number },
  input: object = {},
): Promise<string> {
  const { data } = await client(gitHub).request("POST /app/installations/{installation_id}/access_tokens", {
    installation_id: installationId,
    ...input,
  });
  return data.token;
}

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

/** Answers are compared as they come. */
type Anything = ReturnType<typeof JSON.parse>;

/** A call as the documentation writes it, without a client. */
export async function call<Body = Anything>(
  gitHub: Pick<GitHub, "url">,
  method: string,
  path: string,
  { token, body, headers }: { token?: string; body?: object; headers?: Record<string, string> } = {},
): Promise<Answer<Body>> {
  const response = await fetch(path.startsWith("http") ? path : `${gitHub.url}${path}`, {
    method,
    headers: {
      "user-agent": "guilda-test",
      accept: "application/vnd.github+json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    redirect: "manual",
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").includes("json") && text !== "";
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Body };
}

/** @returns lines `line <from>` to `line <to>`. */
export function lines(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}\n`).join("");
}

/** @returns events by name: deliveries that are under way at once arrive in any order. */
export function events(receiver: WebhookReceiver): { name: string; body: Anything }[] {
  return receiver.received
    .map(({ headers, body }) => {
      const parsed = JSON.parse(body.toString());
      const event = headers["x-github-event"] ?? "";
      return { name: parsed.action === undefined ? event : `${event}.${parsed.action}`, body: parsed };
    })
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** A token of the App, made by hand. */
export function jwt(privateKey: string, claims: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
}
