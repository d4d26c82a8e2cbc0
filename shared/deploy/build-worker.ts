import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Worker } from "./read-workers.ts";
import { runWrangler } from "./run-wrangler.ts";

const KIB = 1_024;
/**
 * Of the minified bundle after gzip, which is what Cloudflare limits and loads. The edge is in the way of every request; ingestion, with
 * the lexers and the vocabulary of three languages, only in that of jobs.
 */
export const BUDGET_BYTES = { edge: 80 * KIB, group: 200 * KIB, ingestion: 224 * KIB } as const;
/** Of the processor, on the way to the first request. It varies with the machine, so missing it is worth a warning. */
export const STARTUP_BUDGET_MS = 60;

export interface Build {
  worker: string;
  gzipBytes: number;
  budgetBytes: number;
  /** Processor time until the Worker is ready, as workerd measured it here. */
  startupMs: number;
  /** What forbids to deploy it; empty when nothing does. */
  problems: string[];
}

/**
 * Bundles a Worker as a deploy would, offline, and measures it. Nothing of it runs but its module scope.
 *
 * @param folder absolute path of an empty folder for what is built.
 */
export async function buildWorker({
  root,
  worker,
  folder,
}: {
  root: string;
  worker: Pick<Worker, "name" | "group" | "config" | "isPublic">;
  folder: string;
}): Promise<Build> {
  const upload = join(folder, `${worker.name}.upload`);
  const metafile = join(folder, `${worker.name}.json`);
  const bundle = ["--outdir", join(folder, worker.name), "--outfile", upload, "--metafile", metafile];
  await runWrangler({ root, parameters: ["deploy", "--dry-run", "--minify", "--config", worker.config, ...bundle] });
  const [startupMs, { code, imports }] = await Promise.all([
    measureStartup({ root, upload, profile: join(folder, `${worker.name}.cpuprofile`) }),
    readBundle({ upload, metafile }),
  ]);
  const gzipBytes = gzipSync(code).length;
  const budgetBytes = budgetOf(worker);
  return { worker: worker.name, gzipBytes, budgetBytes, startupMs, problems: judgeBundle({ gzipBytes, budgetBytes, imports }) };
}

function budgetOf({ group, isPublic }: Pick<Worker, "group" | "isPublic">): number {
  if (isPublic) return BUDGET_BYTES.edge;
  return group === "ingestion" ? BUDGET_BYTES.ingestion : BUDGET_BYTES.group;
}

/** @param imports what the bundle still imports when it runs. */
export function judgeBundle({
  gzipBytes,
  budgetBytes,
  imports,
}: {
  gzipBytes: number;
  budgetBytes: number;
  imports: readonly string[];
}): string[] {
  const foreign = imports.filter((name) => !name.startsWith("cloudflare:"));
  return [
    ...(gzipBytes > budgetBytes ? [`is ${toKib(gzipBytes)} after gzip, over its budget of ${toKib(budgetBytes)}`] : []),
    ...(foreign.length > 0 ? [`needs ${foreign.join(", ")}, which a Worker does not have`] : []),
  ];
}

export function toKib(bytes: number): string {
  return `${(bytes / KIB).toFixed(1)} KiB`;
}

/** The upload is a form: each module of the Worker is a part of it, its source map another. */
async function readBundle({
  upload,
  metafile,
}: {
  upload: string;
  metafile: string;
}): Promise<{ code: Buffer; imports: string[] }> {
  const bytes = await readFile(upload);
  const boundary = /^--(\S+)/.exec(bytes.subarray(0, 200).toString("latin1"))?.[1] ?? "";
  const form = await new Response(bytes, { headers: { "content-type": `multipart/form-data; boundary=${boundary}` } }).formData();
  const modules = [...form.values()].filter((part) => part instanceof File && part.type.startsWith("application/javascript"));
  if (modules.length === 0) throw new Error(`${upload} holds no module`);
  const code = Buffer.concat(await Promise.all(modules.map(async (part) => Buffer.from(await (part as File).arrayBuffer()))));
  const { outputs } = JSON.parse(await readFile(metafile, "utf8")) as {
    outputs: Record<string, { imports: { path: string; external?: boolean }[] }>;
  };
  const imports = Object.values(outputs).flatMap((output) =>
    output.imports.filter(({ external }) => external).map(({ path }) => path),
  );
  return { code, imports: [...new Set(imports)] };
}

async function measureStartup({ root, upload, profile }: { root: string; upload: string; profile: string }): Promise<number> {
  const said = await runWrangler({ root, parameters: ["check", "startup", "--worker", upload, "--outfile", profile] });
  const active = /Active: ([\d.]+) ms/.exec(said)?.[1];
  if (active === undefined) throw new Error(`wrangler did not say how long the start-up took: ${said.slice(0, 500)}`);
  return Number(active);
}
