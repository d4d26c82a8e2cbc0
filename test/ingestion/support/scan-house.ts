import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { v7 as uuidv7 } from "uuid";
import { hashState } from "../../../functions/ingestion/mining/mining-state.ts";
import { openMining } from "../../../functions/ingestion/mining/open-mining.ts";
import { openIngestion } from "../../../functions/ingestion/open-ingestion.ts";
import { SCAN_LIMITS, type ScanLimits } from "../../../functions/ingestion/scan/scan-limits.ts";
import { receiveWebhook } from "../../../functions/webhooks/receive-webhook.ts";
import { createKeyring } from "../../../shared/db/sensitive.ts";
import { JOBS, type JobName } from "../../../shared/jobs/catalog.ts";
import { serveJobs } from "../../../shared/jobs/serve-jobs.ts";
import { insertRow } from "../../db/support/insert-row.ts";
import { serveFetch } from "../../edge/support/serve-fetch.ts";
import { type GitHub, startGitHub } from "../../local/github.ts";
import { type Platform, startPlatform } from "../../support/platform.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const CORPUS = join(ROOT, "node_modules/@trpc/server/src");
/** Longer than any run: QStash keeps what it has accepted, and the test rings. */
const HELD_MS = 3_600_000;

export interface Repo {
  mentoradoId: string;
  id: string;
  fullName: string;
}

export interface ScanRow {
  id: string;
  status: string;
  kind: string | null;
  failure: string | null;
  commit_sha: string | null;
  shards: number;
  shards_left: number;
  files_total: number;
  files_read: number;
  bytes_read: string;
  skipped: Record<string, number>;
  state_hash: string | null;
  candidates: { slot: string }[] | null;
  full_name: string | null;
}

export interface ScanHouse {
  platform: Platform;
  github: GitHub;
  env: Record<string, string>;
  /** Takes effect for what is rung from now on. */
  limits: ScanLimits;
  /** The inbox, as it answers; a test may put another one there. */
  receive(request: Request): Promise<Response>;
  /** A repository at GitHub with the files of a folder, connected by a new mentorado. */
  connect(options?: { folder?: string; name?: string; mentoradoId?: string; installationId?: number }): Promise<Repo>;
  /** Stages the scan of a repository, as connecting it does. */
  stageScan(repo: Pick<Repo, "mentoradoId" | "id">): Promise<string>;
  stage(job: { mentoradoId: string | null; name: JobName; payload: Record<string, unknown> }): Promise<string>;
  /** Rings what is to be done until nothing is left, whatever the order that `pick` chooses. */
  work(options?: { pick?: (jobs: readonly Job[]) => Job; until?: (job: Job) => boolean }): Promise<void>;
  scan(repo: Repo): Promise<ScanRow>;
  scansOf(repo: Repo): Promise<ScanRow[]>;
  close(): Promise<void>;
}

export interface Job {
  id: string;
  mentorado_id: string | null;
  name: JobName;
  payload: Record<string, unknown>;
  attempts: number;
}

/**
 * Every wait is over at once: what is staged for later or failed for now is rung like the rest.
 *
 * @param hasWebhook whether GitHub tells what happens; what it tells is received, and worked on with the rest.
 */
export async function openScanHouse({ hasWebhook = false } = {}): Promise<ScanHouse> {
  const platform = await startPlatform();
  const inbox = await serveFetch((request) => house.receive(request));
  const secret = platform.env.GITHUB_WEBHOOK_SECRET ?? "";
  const github = await startGitHub(hasWebhook ? { webhook: { url: `${inbox.url}/webhooks/github`, secret } } : {});
  const { query } = platform.database;
  platform.qstash.chaos.delayMs = HELD_MS;
  const env = {
    ...platform.env,
    GITHUB_API_URL: github.url,
    GITHUB_APP_ID: github.appId,
    GITHUB_APP_PRIVATE_KEY: github.privateKey,
  };
  const house: ScanHouse = {
    platform,
    github,
    env,
    limits: SCAN_LIMITS,
    receive: (request) =>
      receiveWebhook({
        kernel: platform.kernel("webhooks"),
        keyring: createKeyring(platform.env.ENCRYPTION_KEY ?? ""),
        clerkSigningSecret: platform.env.CLERK_WEBHOOK_SIGNING_SECRET ?? "",
        githubSecret: secret,
        knownTokens: new Map(),
        request,
        waitUntil: () => undefined,
      }),
    async connect({ folder, name = `r${uuidv7().slice(-12)}`, mentoradoId, installationId } = {}) {
      const tenant = mentoradoId ?? (await platform.createMentorado()).id;
      if (folder !== undefined) await github.addRepository({ folder, owner: "acme", name });
      const { userId } = await platform.createPerson();
      const id = uuidv7();
      await insertRow(platform.database, "repos", {
        mentorado_id: tenant,
        id,
        source: installationId === undefined ? "public" : "installation",
        installation_id: installationId ?? null,
        full_name: `acme/${name}`,
        is_private: false,
        connected_by: userId,
        version: 1,
        created_at: new Date().toISOString(),
        updated_at: new Date().toISOString(),
      });
      return { mentoradoId: tenant, id, fullName: `acme/${name}` };
    },
    stageScan: ({ mentoradoId, id: repoId }) => house.stage({ mentoradoId, name: "ingestion.scan-repo", payload: { repoId } }),
    async stage({ mentoradoId, name, payload }) {
      const id = uuidv7();
      await insertRow(platform.database, "jobs", {
        id,
        mentorado_id: mentoradoId,
        worker_group: "ingestion",
        name,
        dedup_key: id,
        payload,
        status: "pending",
        run_at: new Date(Date.now() - 60_000).toISOString(),
        attempts: 0,
        max_attempts: JOBS[name].retry.attempts,
        ring: 1,
        rung_at: new Date().toISOString(),
        request_id: "test",
        created_at: new Date().toISOString(),
      });
      return id;
    },
    async work({ pick = first, until = () => false } = {}) {
      for (;;) {
        await query("update jobs set run_at = now(), lease_until = null where worker_group = 'ingestion' and status = 'pending'");
        const jobs = await query<Job & Record<string, unknown>>(
          "select id, mentorado_id, name, payload, attempts from jobs where worker_group = 'ingestion' and status = 'pending' order by created_at, id",
        );
        if (jobs.length === 0) return;
        const job = pick(jobs);
        if (until(job)) return;
        await platform.ring(job.id);
        await platform.settled();
      }
    },
    async scan(repo) {
      const [latest] = await house.scansOf(repo);
      if (latest === undefined) throw new Error("no scan");
      return latest;
    },
    scansOf: ({ mentoradoId, id }) =>
      query<ScanRow & Record<string, unknown>>("select * from scans where mentorado_id = $1 and repo_id = $2 order by id desc", [
        mentoradoId,
        id,
      ]),
    async close() {
      await github.close();
      await inbox.close();
      await platform.close();
    },
  };
  platform.mount("ingestion", (request, waitUntil) =>
    serveJobs<"ingestion">({ request, ...openIngestion(env, house.limits), waitUntil }),
  );
  return house;
}

function first<Item>(items: readonly Item[]): Item {
  return items[0] as Item;
}

const folders: string[] = [];

/** A folder with these files. */
export function folderOf(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(tmpdir(), "guilda-tree-"));
  folders.push(folder);
  for (const [path, content] of Object.entries(files)) write(folder, path, content);
  return folder;
}

/** Real source code, among everything that a repository may have beside it. */
export function realFolder(): string {
  const folder = folderOf({
    ".gitattributes": "src/shipped/** linguist-vendored\nsecret/** export-ignore\nversion.ts export-subst\n",
    "package.json": '{ "name": "shop" }\n',
    "README.md": "# Shop\n",
    "secret/kept-from-archives.ts": "export const kept = 'in the tree';\n",
    "version.ts": "export const version = '$Format:%H$';\n",
    "src/shipped/foreign.ts": "export const foreign = 1;\n",
    "node_modules/left-pad/index.js": "module.exports = 1;\n",
    "pnpm-lock.yaml": "lock\n",
    "logo.png": new Uint8Array([0, 1, 2, 3]),
    "src/binary.ts": new Uint8Array([0, 1, 2, 3]),
    "src/huge.ts": `export const huge = "${"x".repeat(300_000)}";\n`,
    "src/long-lines.ts": `export const long = "${"y".repeat(5_000)}";\n`,
    "src/made.ts": "// @generated by a tool\nexport const made = 1;\n",
    "src/empty.ts": "",
    "src/ünïcode name.ts": "export const uni = 'ü';\r\n",
  });
  cpSync(CORPUS, join(folder, "src/server"), { recursive: true });
  symlinkSync("empty.ts", join(folder, "src/link.ts"));
  return folder;
}

export function write(folder: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** What the whole folder comes to when it is mined at once, without GitHub or a database. */
export async function mineAtOnce(folder: string): Promise<{ hash: string; sources: number }> {
  const { intake, finish } = openMining();
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.includes("node_modules/"))
    .sort((left, right) => (left === ".gitattributes" ? -1 : right === ".gitattributes" ? 1 : left < right ? -1 : 1));
  for (const path of paths) {
    const { size } = statSync(join(folder, path));
    if (intake.wants(path, size)) intake.take({ path, size, bytes: readFileSync(join(folder, path)) });
  }
  return { hash: await hashState(finish()), sources: intake.sources };
}
