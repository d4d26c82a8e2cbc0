import { parseConfig } from "../../shared/config/config.ts";
import { openKernel } from "../../shared/kernel.ts";
import { createIngestionJobs } from "./jobs.ts";
import { createGithub } from "./outbound/github.ts";
import { PULL_LIMITS } from "./pulls/pull-limits.ts";
import { SCAN_LIMITS } from "./scan/scan-limits.ts";

/**
 * What the Worker stands on, made once per isolate.
 *
 * @throws Error that lists every missing or malformed variable.
 */
export function openIngestion(env: object, limits = SCAN_LIMITS, pullLimits = PULL_LIMITS) {
  const config = parseConfig(env, ["GITHUB_API_URL", "GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"]);
  const kernel = openKernel({ env, worker: "ingestion" });
  const github = createGithub({
    baseUrl: config.GITHUB_API_URL,
    appId: config.GITHUB_APP_ID,
    privateKey: config.GITHUB_APP_PRIVATE_KEY,
    cache: kernel.cache,
  });
  return { kernel, handlers: createIngestionJobs({ github, limits, pullLimits, publicUrl: kernel.publicUrl }) };
}
