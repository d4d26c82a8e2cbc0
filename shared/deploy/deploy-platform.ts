import { join } from "node:path";
import { migrate } from "../../migrations/migrate.ts";
import { scheduleTick } from "../jobs/schedule-tick.ts";
import type { Environment } from "./check-configuration.ts";
import { publishWorker } from "./publish-worker.ts";
import type { Worker } from "./read-workers.ts";
import { waitUntilHealthy } from "./wait-until-healthy.ts";

interface Step {
  says: string;
  /** What to do when it fails. */
  cure: string;
  /** Answers what came of it. */
  act: () => Promise<string>;
}

/**
 * Brings the platform up to date: database, Workers in the given order, the tick's schedule; then asks it how it is. Every step can be
 * done again, so a deploy that stopped is simply run again.
 *
 * @param environment complete (`checkConfiguration`).
 * @param apiUrl another Cloudflare API than the real one.
 * @throws Error that says where it stopped, why, and the cure.
 */
export async function deployPlatform({
  root,
  workers,
  environment,
  say,
  apiUrl,
}: {
  root: string;
  workers: readonly Worker[];
  environment: Environment;
  say: (line: string) => void;
  apiUrl?: string;
}): Promise<void> {
  const { DATABASE_URL = "", PUBLIC_URL = "", QSTASH_URL = "", QSTASH_TOKEN = "" } = environment;
  const publicUrl = PUBLIC_URL.replace(/\/$/, "");
  const steps: Step[] = [
    {
      says: "migrating",
      cure: "Nothing was deployed. Correct the migration or the database and deploy again.",
      act: async () => {
        const { applied } = await migrate({ url: withoutPooler(DATABASE_URL), directory: join(root, "migrations") });
        return applied.length === 0 ? "up to date" : applied.join(", ");
      },
    },
    ...workers.map((worker) => ({
      says: `deploying ${worker.name}`,
      cure: "The Workers before it are new, it and those after it are old; both work with the database as it is. Deploy again.",
      act: async () => {
        await publishWorker({ root, worker, environment, ...(apiUrl === undefined ? {} : { apiUrl }) });
        return "done";
      },
    })),
    {
      says: "setting the tick's schedule",
      cure: "The cron trigger ticks meanwhile. Check QSTASH_URL and QSTASH_TOKEN and deploy again.",
      act: async () => {
        await scheduleTick({ url: QSTASH_URL, token: QSTASH_TOKEN, publicUrl });
        return "each minute";
      },
    },
    {
      says: "asking whether everything is up",
      cure: "Everything was deployed, but not everything answers: see the Workers' logs, or roll back (docs/deploy.md).",
      act: async () => {
        await waitUntilHealthy({ publicUrl });
        return "everything is";
      },
    },
  ];
  for (const step of steps) await take({ step, say });
}

async function take({ step: { says, cure, act }, say }: { step: Step; say: (line: string) => void }): Promise<void> {
  const startedAt = performance.now();
  try {
    const outcome = await act();
    say(`${says}: ${outcome} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`);
  } catch (error) {
    throw new Error(`Stopped while ${says}: ${error instanceof Error ? error.message : String(error)}\n${cure}`, {
      cause: error,
    });
  }
}

/** Neon's pooler lends a connection for one transaction at a time, so the lock of a migration would not hold behind it. */
function withoutPooler(url: string): string {
  const direct = new URL(url);
  direct.hostname = direct.hostname.replace(/-pooler\./, ".");
  return direct.href;
}
