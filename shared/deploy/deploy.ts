import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkConfiguration } from "./check-configuration.ts";
import { deployPlatform } from "./deploy-platform.ts";
import { orderWorkers } from "./order-workers.ts";
import { readWorkers } from "./read-workers.ts";
import { listSteps, rehearseDeploy } from "./rehearse-deploy.ts";

/**
 * `npm run deploy [-- --dry-run]`: checks all that can be checked here, then migrates, deploys every Worker (those that others bind to
 * first, the edge last), sets the tick's schedule and asks the platform how it is. It asks nothing of the person who runs it.
 */
const ROOT = resolve(import.meta.dirname, "../..");

try {
  await run(parseArgs({ options: { "dry-run": { type: "boolean", default: false } } }).values);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function run({ "dry-run": isRehearsal }: { "dry-run": boolean }): Promise<void> {
  if (existsSync(join(ROOT, ".env"))) process.loadEnvFile(join(ROOT, ".env"));
  const environment = process.env;
  const workers = orderWorkers(readWorkers(ROOT));
  const problems = checkConfiguration({ workers, environment });
  if (!isRehearsal && problems.length > 0) {
    throw new Error(
      `Configuration: ${problems.join(", ")}. Set them in the environment or in .env (docs/deploy.md); nothing was changed.`,
    );
  }
  await rehearseDeploy({ root: ROOT, workers, say: console.log });
  if (!isRehearsal) {
    await deployPlatform({ root: ROOT, workers, environment, say: console.log });
    console.log(`\ndeployed: ${environment.PUBLIC_URL}`);
    return;
  }
  const configuration = problems.length === 0 ? "complete" : `not complete for a real deploy: ${problems.join(", ")}`;
  const steps = listSteps({ root: ROOT, workers }).map((step, index) => `${String(index + 1).padStart(4)}. ${step}`);
  console.log(`configuration ${configuration}\n\nA real deploy would\n${steps.join("\n")}`);
}
