import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BUDGET_BYTES } from "../../shared/deploy/build-worker.ts";
import { jobPath } from "../../shared/jobs/catalog.ts";
import { signDelivery } from "../local/qstash/sign.ts";
import { bundleWorker, findFreePort, type RawWorkers, serveCapnp } from "../local/workerd.ts";
import { type Job, mineAtOnce, openScanHouse, realFolder, removeFolders, type ScanHouse } from "./support/scan-house.ts";

const NAME = "ingestion";
const outDir = mkdtempSync(join(tmpdir(), "guilda-ingestion-"));
let house: ScanHouse;
let workers: RawWorkers;

beforeAll(async () => {
  house = await openScanHouse();
  await bundleWorker({ entry: join(import.meta.dirname, "workerd/ingestion-door.ts"), outfile: join(outDir, `${NAME}.js`) });
  const worker = { name: NAME, file: `${NAME}.js`, compatibilityDate: "2026-11-01", services: {}, variables: house.env };
  workers = await serveCapnp({ outDir, workers: [worker], publicWorker: NAME, port: await findFreePort(), readyPath: "/ready" });
});
afterAll(async () => {
  await workers?.close();
  await house?.close();
  removeFolders();
  rmSync(outDir, { recursive: true });
});

it("is small enough to start quickly", async () => {
  const outfile = join(outDir, "deployed.js");
  await bundleWorker({ entry: join(import.meta.dirname, "../../functions/ingestion/worker.ts"), outfile });
  expect(gzipSync(readFileSync(outfile)).length).toBeLessThan(BUDGET_BYTES.ingestion);
});

it("comes in workerd to what the files come to elsewhere, from the archive and file by file", async () => {
  const folder = realFolder();
  const { fullName } = await house.connect({ folder, name: "shop" });
  await house.github.setVisibility({ repository: fullName, isPrivate: true });
  const { installationId } = await house.github.install({ account: "acme", repositories: [fullName] });
  const repo = await house.connect({ name: "shop", installationId });
  await house.stageScan(repo);
  await work();
  expect(await house.scan(repo)).toMatchObject({ status: "done", kind: "full", state_hash: (await mineAtOnce(folder)).hash });
  await house.github.push({ repository: fullName, files: { "src/added.ts": "export const added = 1;\n" } });
  await house.stageScan(repo);
  await work();
  expect(await house.scan(repo)).toMatchObject({ status: "done", kind: "incremental", files_read: 1 });
});

async function work(): Promise<void> {
  for (;;) {
    const [job] = await house.platform.database.query<Job & Record<string, unknown>>(
      "select id, name from jobs where worker_group = 'ingestion' and status = 'pending' order by created_at, id",
    );
    if (job === undefined) return;
    const path = jobPath(job.name);
    const body = JSON.stringify({ jobId: job.id });
    const signature = signDelivery({
      key: house.env.QSTASH_CURRENT_SIGNING_KEY ?? "",
      url: `${house.env.PUBLIC_URL}${path}`,
      body: Buffer.from(body),
      nowMs: Date.now(),
    });
    const response = await fetch(`${workers.url}${path}`, { method: "POST", body, headers: { "upstash-signature": signature } });
    expect({ name: job.name, status: response.status, body: await response.json() }).toMatchObject({ status: 200 });
  }
}
