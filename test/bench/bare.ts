import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { bundleWorker, findFreePort, serveCapnp } from "../local/workerd.ts";
import type { Call } from "./load.ts";
import type { Ground } from "./open-ground.ts";

const COMPATIBILITY_DATE = "2026-11-01";

export interface BareWorker {
  url: string;
  pid: number;
  calls(): Call[];
  close(): Promise<void>;
}

/** Runs one of `test/bench/bare` in a workerd of its own, over the same Neon bridge. */
export async function serveBare({
  ground,
  name,
  bindings = {},
}: {
  ground: Ground;
  name: "statements" | "webhook";
  bindings?: Record<string, string>;
}): Promise<BareWorker> {
  const outDir = mkdtempSync(join(ground.folder, "bare-"));
  await bundleWorker({ entry: join(import.meta.dirname, "bare", `${name}.ts`), outfile: join(outDir, "bare.js") });
  const { DATABASE_URL = "", NEON_FETCH_ENDPOINT = "" } = ground.variables;
  const worker = {
    name: "bare",
    file: "bare.js",
    compatibilityDate: COMPATIBILITY_DATE,
    services: {},
    variables: { DATABASE_URL, NEON_FETCH_ENDPOINT, ...bindings },
  };
  const served = await serveCapnp({
    outDir,
    workers: [worker],
    publicWorker: "bare",
    port: await findFreePort(),
    readyPath: "/",
  });
  return { ...served, calls: () => [{ url: `${served.url}/`, method: "GET", headers: {} }] };
}
