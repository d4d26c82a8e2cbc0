import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { unstable_readConfig as readConfig } from "wrangler";

/** A Worker as its `wrangler.toml` declares it. */
export interface Worker {
  /** Its name at Cloudflare: `guilda-crm`. */
  name: string;
  /** Its folder: `functions/<group>`. */
  group: string;
  /** Absolute path of its configuration. */
  config: string;
  compatibilityDate: string;
  /** People reach it: it has a route, or an address of workers.dev. */
  isPublic: boolean;
  /** Binding → name of the Worker that it reaches. */
  services: Record<string, string>;
  /** The variables it refuses to start without. */
  secrets: string[];
  vars: Record<string, unknown>;
  crons: string[];
}

/**
 * @param root the root of the repository.
 * @returns the edge (`wrangler.toml` at the root) and one Worker for each folder of `functions`.
 */
export function readWorkers(root: string): Worker[] {
  const groups = readdirSync(join(root, "functions"), { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name !== "edge",
  );
  const edge = readWorker({ group: "edge", config: join(root, "wrangler.toml") });
  return [edge, ...groups.map(({ name }) => readWorker({ group: name, config: join(root, "functions", name, "wrangler.toml") }))];
}

function readWorker({ group, config }: { group: string; config: string }): Worker {
  if (!existsSync(config)) throw new Error(`functions/${group} has no wrangler.toml: every folder there is a Worker`);
  const { name, compatibility_date, workers_dev, routes, route, services, secrets, vars, triggers } = readConfig(
    { config },
    { hideWarnings: true },
  );
  if (name === undefined || compatibility_date === undefined)
    throw new Error(`${config} must name the Worker and its compatibility date`);
  return {
    name,
    group,
    config,
    compatibilityDate: compatibility_date,
    isPublic: workers_dev !== false || route !== undefined || (routes ?? []).length > 0,
    services: Object.fromEntries(
      (services ?? []).map(({ binding, service }: { binding: string; service: string }) => [binding, service]),
    ),
    secrets: [...(secrets?.required ?? [])],
    vars: { ...vars },
    crons: triggers.crons ?? [],
  };
}
