import { parseConfig } from "../../shared/config/config.ts";
import { openKernel } from "../../shared/kernel.ts";
import { createPatternsJobs } from "./jobs.ts";
import { createAnthropic } from "./outbound/anthropic.ts";

/**
 * What the Worker stands on, made once per isolate. Without a key nothing asks a model.
 *
 * @throws Error that lists every missing or malformed variable.
 */
export function openPatterns(env: object) {
  const { ANTHROPIC_API_URL: baseUrl, ANTHROPIC_API_KEY: apiKey } = parseConfig(env, ["ANTHROPIC_API_URL", "ANTHROPIC_API_KEY"]);
  const kernel = openKernel({ env, worker: "patterns" });
  const model = apiKey === undefined ? undefined : createAnthropic({ baseUrl, apiKey, cache: kernel.cache });
  return { kernel, handlers: createPatternsJobs({ model }) };
}
