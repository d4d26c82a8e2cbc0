import { createHash } from "node:crypto";
import type { TRPCClient } from "@trpc/client";
import { v7 as uuidv7 } from "uuid";
import { createPatternsJobs } from "../../../functions/patterns/jobs.ts";
import { patternsRouter } from "../../../functions/patterns/router.ts";
import type { Model } from "../../../functions/patterns/wording/model.ts";
import type { Role } from "../../../shared/db/schema/tenancy.ts";
import { serveJobs } from "../../../shared/jobs/serve-jobs.ts";
import type { Kernel } from "../../../shared/kernel.ts";
import { insertRow } from "../../db/support/insert-row.ts";
import type { Member, Platform } from "../../support/platform.ts";

export type PatternsClient = TRPCClient<typeof patternsRouter>;
type Tally = Record<string, Record<string, [occurrences: number, line: number, endLine: number]>>;

/** A file as a scan has read it; its content stands for its hash. */
export interface ReadFile {
  path: string;
  content?: string;
  kind?: "source" | "other" | "skipped";
  sizeBytes?: number;
  tally?: Tally;
  isPresent?: boolean;
}

export interface Workshop {
  mentoradoId: string;
  repoId: string;
  kernel: Kernel;
  owner: PatternsClient;
  ownerMember: Member;
  join(role: Role): Promise<{ member: Member; client: PatternsClient }>;
  /** A connected repository, as `repos.connect` leaves it. */
  addRepo(repo?: Record<string, unknown>): Promise<string>;
  /** A scan that is done, as ingestion leaves it, with the files as it has read them. */
  addScan(scan?: ScanParts): Promise<string>;
  /** Stages the job for a scan as ingestion does. @returns its id. */
  stageAdoption(scanId: string): Promise<string>;
  /** Stages the job and lets it run once. @returns the status that it answered. */
  adopt(scanId: string): Promise<number>;
  /** A candidate that a person has proposed. */
  propose(words?: { name?: string }): Promise<string>;
}

export interface ScanParts {
  repoId?: string;
  candidates?: unknown[];
  files?: ReadFile[];
  row?: Record<string, unknown>;
}

export const FILES: ReadFile[] = ["a", "b", "c"].map((name) => ({ path: `src/${name}-file.ts` }));

/** Lets QStash's rings of patterns reach the Worker's own jobs. Without a model nothing is worded. */
export function mountPatterns(platform: Platform, model?: Model): void {
  const kernel = platform.kernel("patterns");
  const handlers = createPatternsJobs({ model });
  platform.mount("patterns", (request, waitUntil) => serveJobs<"patterns">({ request, handlers, kernel, waitUntil }));
}

/** A mentorado of its own with one connected repository, of which one scan is done. */
export async function openWorkshop(platform: Platform): Promise<Workshop> {
  const { database } = platform;
  const { id: mentoradoId } = await platform.createMentorado();
  const kernel = platform.kernel("patterns");
  const clientOf = (member: Member) => platform.client({ router: patternsRouter, kernel, caller: platform.caller(member) });
  const ownerMember = await platform.createMember({ mentoradoId, role: "owner" });
  const owner = clientOf(ownerMember);
  let names = 0;

  async function addRepo(repo: Record<string, unknown> = {}): Promise<string> {
    const id = uuidv7();
    names += 1;
    await insertRow(database, "repos", {
      mentorado_id: mentoradoId,
      id,
      source: "public",
      full_name: `acme/repo-${names}`,
      connected_by: ownerMember.userId,
      ...repo,
    });
    return id;
  }

  const repoId = await addRepo();

  async function addScan({ repoId: of = repoId, candidates = [], files = FILES, row = {} }: ScanParts = {}): Promise<string> {
    const id = uuidv7();
    await insertRow(database, "scans", {
      mentorado_id: mentoradoId,
      id,
      repo_id: of,
      commit_sha: createHash("sha1").update(id).digest("hex"),
      miner_version: 1,
      kind: "full",
      status: "done",
      github_id: githubIdOf(of),
      full_name: "acme/repo-1",
      default_branch: "main",
      is_private: false,
      shards: 1,
      shards_left: 0,
      candidates,
      finished_at: new Date().toISOString(),
      ...row,
    });
    await readFiles({ platform, mentoradoId, repoId: of, scanId: id, files });
    return id;
  }

  async function stageAdoption(scanId: string): Promise<string> {
    const id = uuidv7();
    await insertRow(database, "jobs", {
      id,
      mentorado_id: mentoradoId,
      worker_group: "patterns",
      name: "patterns.adopt-scan",
      dedup_key: `${mentoradoId}:patterns.adopt-scan:${id}`,
      payload: { scanId },
      max_attempts: 12,
      request_id: "test-request",
    });
    return id;
  }

  await addScan();
  return {
    mentoradoId,
    repoId,
    kernel,
    owner,
    ownerMember,
    async join(role) {
      const member = await platform.createMember({ mentoradoId, role });
      return { member, client: clientOf(member) };
    },
    addRepo,
    addScan,
    stageAdoption,
    adopt: async (scanId) => (await platform.ring(await stageAdoption(scanId))).status,
    propose: async ({ name = "Errors are classes" } = {}) =>
      (await owner.patterns.create.mutate({ repoId, name, description: "Each error has a class.", type: "code" })).id,
  };
}

/** GitHub's id of a repository, made from ours. */
export function githubIdOf(repoId: string): number {
  return Number.parseInt(repoId.slice(-12), 16);
}

export function blobOf({ path, content = "" }: ReadFile): string {
  return createHash("sha1").update(`${path}\n${content}`).digest("hex");
}

/** The files as they are from now on: those that are left out are gone. */
async function readFiles({
  platform,
  mentoradoId,
  repoId,
  scanId,
  files,
}: {
  platform: Platform;
  mentoradoId: string;
  repoId: string;
  scanId: string;
  files: ReadFile[];
}): Promise<void> {
  const rows = files.map(({ kind = "source", sizeBytes = 1_000, tally = {}, isPresent = true, ...file }) => ({
    mentorado_id: mentoradoId,
    repo_id: repoId,
    path: file.path,
    blob_sha: blobOf(file),
    size_bytes: sizeBytes,
    miner_version: 1,
    kind,
    skipped_as: kind === "skipped" ? "generated" : null,
    tally,
    scan_id: scanId,
    is_present: isPresent,
  }));
  await platform.database.query("update repo_files set is_present = false where mentorado_id = $1 and repo_id = $2", [
    mentoradoId,
    repoId,
  ]);
  await platform.database.query(
    `insert into repo_files select * from jsonb_populate_recordset(null::repo_files, $1)
     on conflict (mentorado_id, repo_id, path) do update
        set blob_sha = excluded.blob_sha, tally = excluded.tally, scan_id = excluded.scan_id, is_present = excluded.is_present`,
    [JSON.stringify(rows)],
  );
}
