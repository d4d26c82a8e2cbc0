import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@upstash/qstash";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deployPlatform } from "../../shared/deploy/deploy-platform.ts";
import { orderWorkers } from "../../shared/deploy/order-workers.ts";
import { readWorkers } from "../../shared/deploy/read-workers.ts";
import { json, type StandIn, serve } from "../local/http-server.ts";
import { type Qstash, startQstash } from "../local/qstash.ts";
import { ROOT } from "../rules/read-sources.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Cloudflare, startCloudflare } from "./support.ts";

/** Several bundles each: slow on a small machine. */
const TIMEOUT_MS = 120_000;
const WORKERS = orderWorkers(readWorkers(ROOT));
const GROUPS = [
  "guilda-accounts",
  "guilda-crm",
  "guilda-finance",
  "guilda-ingestion",
  "guilda-patterns",
  "guilda-scheduler",
  "guilda-webhooks",
];
/** Enough to see the order, a cron trigger, bindings and the front door; each costs two seconds. */
const SOME = WORKERS.filter(({ name }) => ["guilda-crm", "guilda-scheduler", "guilda-edge"].includes(name));

let cloudflare: Cloudflare;
let qstash: Qstash;
let database: TestDatabase;
let edge: StandIn;
let environment: Record<string, string>;

beforeAll(async () => {
  cloudflare = await startCloudflare();
  qstash = await startQstash({ token: "qstash-token", currentSigningKey: "sig_current", nextSigningKey: "sig_next" });
  database = await createTestDatabase();
  edge = await serve({ handle: async ({ path }) => json(path === "/health/ready" ? 200 : 404, { data: null, error: null }) });
  environment = {
    ...Object.fromEntries(
      WORKERS.flatMap(({ secrets }) => secrets.map((name) => [name, `value of ${name} with $HOME and "quotes"`])),
    ),
    CLOUDFLARE_API_TOKEN: "token-of-the-test-account",
    CLOUDFLARE_ACCOUNT_ID: "a".repeat(32),
    DATABASE_URL: database.databaseUrl,
    QSTASH_URL: qstash.url,
    QSTASH_TOKEN: "qstash-token",
    PUBLIC_URL: edge.url,
  };
});

afterAll(async () => {
  await Promise.all([cloudflare?.close(), qstash?.close(), database?.close(), edge?.close()]);
});

it("deploys what others bind to first and the edge last, each Worker with its own secrets, then sets the tick and asks for health", {
  timeout: TIMEOUT_MS,
}, async () => {
  const lines: string[] = [];
  await deployPlatform({ root: ROOT, workers: SOME, environment, say: (line) => lines.push(line), apiUrl: cloudflare.apiUrl });

  expect(cloudflare.uploads.map(({ worker }) => worker)).toEqual(["guilda-crm", "guilda-scheduler", "guilda-edge"]);
  for (const { worker, metadata } of cloudflare.uploads) {
    const secrets = metadata.bindings.filter(({ type }) => type === "secret_text");
    const declared = WORKERS.find(({ name }) => name === worker)?.secrets ?? [];
    expect(Object.fromEntries(secrets.map(({ name, text }) => [name, text])), worker).toEqual(
      Object.fromEntries(declared.map((name) => [name, environment[name]])),
    );
  }
  expect(
    cloudflare.uploads
      .at(-1)
      ?.metadata.bindings.filter(({ type }) => type === "service")
      .map(({ service }) => service)
      .sort(),
  ).toEqual(GROUPS);
  expect(cloudflare.changes.filter((change) => /\/subdomain/.test(change) && /"enabled":true/.test(change))).toEqual([
    expect.stringMatching(/^POST guilda-edge\/subdomain/),
  ]);
  expect(cloudflare.changes.filter((change) => /\/schedules/.test(change))).toEqual([
    expect.stringMatching(/^PUT guilda-scheduler\/schedules .*\* \* \* \* \*/),
  ]);

  const schedules = await new Client({
    baseUrl: qstash.url,
    token: "qstash-token",
    devMode: false,
    enableTelemetry: false,
  }).schedules.list();
  expect(schedules.map(({ scheduleId, cron, destination }) => ({ scheduleId, cron, destination }))).toEqual([
    { scheduleId: "guilda-tick", cron: "* * * * *", destination: `${edge.url}/jobs/scheduler/tick` },
  ]);
  expect(lines.map((line) => line.split(":")[0])).toEqual([
    "migrating",
    ...SOME.map(({ name }) => `deploying ${name}`),
    "setting the tick's schedule",
    "asking whether everything is up",
  ]);
  expect(lines.join("\n")).not.toContain("value of");
});

it("stops at the first Worker that is refused, in words that say which and what to do, and leaves the edge as it was", {
  timeout: TIMEOUT_MS,
}, async () => {
  const refused = await startCloudflare();
  try {
    refused.faults.push({
      kind: "status",
      path: "scripts/guilda-crm",
      status: 403,
      body: '{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}',
    });
    const two = WORKERS.filter(({ name }) => name === "guilda-crm" || name === "guilda-edge");
    const deploy = deployPlatform({ root: ROOT, workers: two, environment, say: () => {}, apiUrl: refused.apiUrl });
    await expect(deploy).rejects.toThrow(
      /^Stopped while deploying guilda-crm: [\s\S]*Authentication error[\s\S]*Deploy again\.$/,
    );
    expect(refused.uploads).toEqual([]);
  } finally {
    await refused.close();
  }
});

it("leaves no file with secrets behind when it is interrupted half-way", { timeout: TIMEOUT_MS }, async () => {
  const slow = await startCloudflare();
  const folder = mkdtempSync(join(tmpdir(), "guilda-test-"));
  try {
    slow.faults.push({ kind: "delay", path: "scripts/guilda-crm", delayMs: 60_000 });
    const publish = `import { publishWorker } from "${join(ROOT, "shared/deploy/publish-worker.ts")}";
      import { readWorkers } from "${join(ROOT, "shared/deploy/read-workers.ts")}";
      const worker = readWorkers(process.argv[1]).find(({ name }) => name === "guilda-crm");
      await publishWorker({ root: process.argv[1], worker, environment: process.env, apiUrl: process.argv[2] });`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", publish, ROOT, slow.apiUrl], {
      env: { ...process.env, ...environment, TMPDIR: folder },
      stdio: "ignore",
    });
    const ended = new Promise<number | null>((done) => child.once("close", done));
    await slow.called;
    expect(readdirSync(folder).filter((name) => name.startsWith("guilda-deploy-"))).toHaveLength(1);
    child.kill("SIGTERM");
    expect(await ended).not.toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith("guilda-deploy-"))).toEqual([]);
  } finally {
    await slow.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

it("stops before any Worker when the database cannot be migrated", async () => {
  const unreachable = { ...environment, DATABASE_URL: "postgres://a:b@127.0.0.1:9/guilda" };
  const before = cloudflare.uploads.length;
  const deploy = deployPlatform({
    root: ROOT,
    workers: WORKERS,
    environment: unreachable,
    say: () => {},
    apiUrl: cloudflare.apiUrl,
  });
  await expect(deploy).rejects.toThrow(/^Stopped while migrating: [\s\S]*Nothing was deployed/);
  expect(cloudflare.uploads).toHaveLength(before);
});

it("rehearses without an account, a network or a variable: every Worker is built, weighed and started, and nothing is left behind", {
  timeout: TIMEOUT_MS,
}, async () => {
  const before = new Set(readdirSync(ROOT));
  const { code, output } = await runDeploy(["--dry-run"]);
  expect(output).toMatch(/DATABASE_URL is missing/);
  expect(code).toBe(0);
  for (const [index, name] of [...GROUPS, "guilda-edge"].entries())
    expect(output).toMatch(new RegExp(`^${index + 1} +${name} .* KiB .* ms.* ok$`, "m"));
  expect(output).toMatch(/1\. apply to the database those of 0000_tables\.sql, /);
  expect(readdirSync(ROOT).filter((name) => !before.has(name) && name !== ".wrangler")).toEqual([]);
});

it("refuses to deploy with an incomplete configuration, naming all of it at once, before it builds anything", async () => {
  const { code, output } = await runDeploy([]);
  expect(code).toBe(1);
  expect(output).toMatch(
    /^\s*Configuration: ASAAS_API_URL is missing, .*UPSTASH_REDIS_REST_URL is missing\. .*nothing was changed\.\s*$/,
  );
});

/** With an environment that holds nothing but what a shell needs; `.env` does not fill it in, because the names are set, empty. */
async function runDeploy(parameters: string[]): Promise<{ code: number | null; output: string }> {
  const names = new Set([
    ...WORKERS.flatMap(({ secrets }) => secrets),
    "CLOUDFLARE_API_TOKEN",
    "CLOUDFLARE_ACCOUNT_ID",
    "NEON_FETCH_ENDPOINT",
  ]);
  const child = spawn(process.execPath, [join(ROOT, "shared/deploy/deploy.ts"), ...parameters], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...Object.fromEntries([...names].map((name) => [name, ""])) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, output: Buffer.concat(output).toString() };
}
