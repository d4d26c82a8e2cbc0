import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULTS } from "../config/config.ts";
import type { Environment } from "./check-configuration.ts";
import type { Worker } from "./read-workers.ts";
import { runWrangler } from "./run-wrangler.ts";

/**
 * Uploads one Worker together with its own secrets, as one version: code never runs with the secrets of another version.
 *
 * @param apiUrl another Cloudflare API than the real one.
 * @throws Error with what wrangler said.
 */
export async function publishWorker({
  root,
  worker,
  environment,
  apiUrl,
}: {
  root: string;
  worker: Pick<Worker, "name" | "config" | "secrets">;
  environment: Environment;
  apiUrl?: string;
}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "guilda-deploy-"));
  try {
    const secretsFile = join(folder, "secrets.json");
    writeFileSync(secretsFile, JSON.stringify(secretsOf({ worker, environment })), { mode: 0o600 });
    await runWrangler({
      root,
      parameters: ["deploy", "--minify", "--config", worker.config, "--secrets-file", secretsFile],
      variables: {
        CLOUDFLARE_API_TOKEN: environment.CLOUDFLARE_API_TOKEN ?? "",
        CLOUDFLARE_ACCOUNT_ID: environment.CLOUDFLARE_ACCOUNT_ID ?? "",
        ...(apiUrl === undefined ? {} : { CLOUDFLARE_API_BASE_URL: apiUrl }),
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A Worker gets what it requires and nothing else. */
function secretsOf({
  worker,
  environment,
}: {
  worker: Pick<Worker, "secrets">;
  environment: Environment;
}): Record<string, string> {
  return Object.fromEntries(worker.secrets.map((name) => [name, environment[name] || (DEFAULTS[name] ?? "")]));
}
