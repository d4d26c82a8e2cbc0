import { and, asc, desc, gt, sql } from "drizzle-orm";
import { leads } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { leadView, visibleLeads } from "../lead-view.ts";
import type { WatchLeadsInput } from "../schemas.ts";

const POLL_INTERVAL_MS = 2_000;
const MAX_LEADS_PER_POLL = 50;
/**
 * A lead's id is made before others can see its row, as much earlier as a request may take (5 s). A lead that is younger is not shown yet:
 * one with a lower id may still be on its way, and would be passed over.
 */
const isSettled = sql`${leads.createdAt} < now() - interval '5 seconds'`;

/**
 * New leads, a few seconds after they came. Neon's HTTP protocol cannot listen, so this looks again every 2 s; a client that reconnects
 * says the last id it saw and misses nothing.
 *
 * @yields each new lead once, in order of its id.
 */
export async function* watchLeads({
  ctx,
  input,
  signal,
}: {
  ctx: VerbContext;
  input: WatchLeadsInput;
  signal: AbortSignal | undefined;
}) {
  let after = input.lastEventId ?? (await findNewestId(ctx));
  while (signal?.aborted !== true) {
    const [fresh] = await ctx.db.read([
      ctx.db.build
        .select(leadView)
        .from(leads)
        .where(and(visibleLeads(ctx), isSettled, after === undefined ? undefined : gt(leads.id, after)))
        .orderBy(asc(leads.id))
        .limit(MAX_LEADS_PER_POLL),
    ]);
    for (const lead of fresh) {
      after = lead.id;
      yield lead;
    }
    await pause(POLL_INTERVAL_MS, signal);
  }
}

async function findNewestId(ctx: VerbContext): Promise<string | undefined> {
  const [[newest]] = await ctx.db.read([
    ctx.db.build
      .select({ id: leads.id })
      .from(leads)
      .where(and(visibleLeads(ctx), isSettled))
      .orderBy(desc(leads.id))
      .limit(1),
  ]);
  return newest?.id;
}

/** Ends early when the client goes: on a disconnect the runtime fires `abort` but never runs a generator's `finally`. */
function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener("abort", end);
    function end(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    }
  });
}
