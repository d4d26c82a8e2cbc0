import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleWorker, findFreePort, type RawWorkers, serveCapnp } from "../local/workerd.ts";
import { buildTar, buildTarGz, paxBody } from "./build-tar.ts";

const NAME = "read-tar";
const outDir = mkdtempSync(join(tmpdir(), "guilda-read-tar-"));
let workers: RawWorkers;

beforeAll(async () => {
  await bundleWorker({ entry: join(import.meta.dirname, "workerd/read-tar-worker.ts"), outfile: join(outDir, `${NAME}.js`) });
  const worker = { name: NAME, file: `${NAME}.js`, compatibilityDate: "2026-11-01", services: {}, variables: {} };
  workers = await serveCapnp({ outDir, workers: [worker], publicWorker: NAME, port: await findFreePort(), readyPath: "/" });
});

afterAll(async () => {
  await workers?.close();
  rmSync(outDir, { recursive: true });
});

it("reads in workerd every byte that was packed, through a buffer that moves with each read", async () => {
  const sizes = [0, 1, 511, 512, 513, 4_096, 70_000, 300_000, 1_048_576, 5, 1_048_000, 33];
  const bodies = sizes.map((size, index) => ({ path: `src/${index}.ts`, body: randomBytes(size) }));
  const archive = buildTarGz([
    { name: "g", type: "g", body: paxBody({ comment: "a".repeat(40) }) },
    ...bodies.flatMap(({ path, body }) => [
      { name: `repo/${path}`, body },
      { name: `repo/${path}.unwanted`, body: randomBytes(3_000_000) },
    ]),
    { name: "repo/huge.ts", body: Buffer.alloc(1_048_577) },
  ]);
  const { files, summary } = (await post(archive)) as { files: unknown; summary: Record<string, unknown> };
  expect(files).toEqual(bodies.map(({ path, body }) => [path, body.length, createHash("sha256").update(body).digest("hex")]));
  expect(summary).toMatchObject({ commitId: "a".repeat(40), compressedBytes: archive.length, skipped: { over_body_limit: 1 } });
});

it("fails in workerd with the codes that it has elsewhere", async () => {
  const tar = buildTar([{ name: "repo/a.ts", body: "x".repeat(1_000) }]);
  const gz = gzipSync(tar);
  expect(await post(Buffer.from("<html>"))).toEqual({ code: "not_gzip" });
  expect(await post(gz.subarray(0, gz.length - 5))).toEqual({ code: "bad_gzip" });
  expect(await post(gz.subarray(0, 40))).toEqual({ code: "bad_gzip" });
  expect(await post(gzipSync(tar.subarray(0, 700)))).toEqual({ code: "truncated" });
  expect(await post(gzipSync(tar.subarray(0, 1_536)))).toEqual({ code: "truncated" });
  expect(await post(buildTarGz([{ name: "repo/a.ts", breakChecksum: true }]))).toEqual({ code: "bad_checksum" });
  expect(await post(buildTarGz([{ name: "repo/a.unwanted", body: Buffer.alloc(80_000_000) }]))).toEqual({
    code: "decompression_bomb",
  });
  expect(await post(gz)).toMatchObject({ files: [["a.ts", 1_000, expect.any(String)]] });
});

async function post(body: Uint8Array): Promise<unknown> {
  const response = await fetch(workers.url, { method: "POST", body: Buffer.from(body) });
  return await response.json();
}
