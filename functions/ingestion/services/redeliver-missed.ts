import type { ProgrammeJobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { AppCalls, Github, GithubDelivery } from "../outbound/github.ts";

/** GitHub keeps what it sent for three days. */
const WINDOW_MS = 3 * 86_400_000;
const MAX_PAGES = 20;
const MAX_REDELIVERED = 50;
/** What fails so often fails for its own sake. */
const MAX_ATTEMPTS = 5;
/** Larger than what is stored: the nightly look at all heads finds what it was about. */
const TOO_LARGE = 413;

/**
 * Has GitHub send again what it sent in the last three days and we did not take: it never does by itself. What comes twice is one event,
 * as a redelivery has the id of the first.
 */
export async function redeliverMissed({ ctx, github }: { ctx: ProgrammeJobContext; github: Github }): Promise<void> {
  const app = github.app(ctx);
  const missed = await findMissed({ app, sinceMs: ctx.now.getTime() - WINDOW_MS });
  for (const id of missed.slice(0, MAX_REDELIVERED)) await app.redeliver(id);
  if (missed.length > 0) ctx.log.write("warn", "github.redelivered", { provider: "github", count: missed.length });
}

/** @returns the latest attempt of each delivery that never arrived, the oldest delivery first. */
async function findMissed({ app, sinceMs }: { app: AppCalls; sinceMs: number }): Promise<number[]> {
  const attempts = new Map<string, GithubDelivery[]>();
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { deliveries, next } = await app.listDeliveries(cursor);
    const recent = deliveries.filter(({ delivered_at }) => Date.parse(delivered_at) >= sinceMs);
    for (const each of recent) attempts.set(each.guid, [...(attempts.get(each.guid) ?? []), each]);
    if (next === undefined || recent.length < deliveries.length) break;
    cursor = next;
  }
  return [...attempts.values()]
    .filter(isMissed)
    .flatMap(([latest]) => latest?.id ?? [])
    .reverse();
}

function isMissed(attempts: readonly GithubDelivery[]): boolean {
  const arrived = attempts.some(({ status_code }) => status_code >= 200 && status_code < 300);
  return !arrived && attempts.length < MAX_ATTEMPTS && attempts[0]?.status_code !== TOO_LARGE;
}
