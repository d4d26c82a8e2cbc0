import { and, eq, sql } from "drizzle-orm";
import type { Statement } from "../db/connect.ts";
import { effects } from "../db/schema/work.ts";
import { AppError, UnavailableError } from "../errors/app-error.ts";
import { ProviderError } from "../outbound/provider-error.ts";
import type { JobContext } from "./serve-jobs.ts";

/** How late a provider may still show what an abandoned call did. */
const LATE_WRITE_MS = 5_000;

/** What is kept of an answer: ids and amounts, no personal data. */
export type EffectValue = Record<string, string | number | boolean | null>;

interface Entry {
  state: "calling" | "confirmed" | "unknown";
  attempts: number;
  response: unknown;
  /** Whether the last to enter was this job, now or in an earlier attempt. */
  isOurs: boolean;
  /** 0 when this attempt may call. */
  waitMs: number;
}

/**
 * Does something at a provider once, though the job that does it may run many times. The intent is committed before the call; a second
 * attempt looks for what the first may have done, and adopts it.
 *
 * Once is as good as `find`: a provider that shows a write only after `settleMs`, or never, can still be asked twice. A refused call
 * leaves its row `calling`: a later attempt looks first, which costs one call and is never wrong. Jobs that share an effect have the same
 * `timeoutMs`.
 *
 * @param key names the effect within the mentorado, for ever: `asaas.payment:<charge id>`.
 * @param find looks the effect up by a reference of ours that `call` sends along; undefined when it is not there.
 * @param call does it; it must end with `ctx.signal`, or it may send after a successor has looked.
 * @returns what the provider answered, now or before, and the statement that confirms it: to be part of the job's finishing write.
 * @throws what `find` and `call` throw; what can be tried again comes back no sooner than a look-up can be trusted.
 */
export async function runEffect<Value extends EffectValue>({
  ctx,
  key,
  find,
  call,
}: {
  ctx: JobContext;
  key: string;
  find: () => Promise<Value | undefined>;
  call: () => Promise<Value>;
}): Promise<{ value: Value; confirm: Statement }> {
  const { state, attempts, response, isOurs, waitMs } = await enter({ ctx, key });
  // Written by `confirm`, so it has the shape that this effect had then.
  if (state === "confirmed") return withConfirm({ ctx, key, value: response as Value });
  if (waitMs > 0 && isOurs) throw new UnavailableError(undefined, { errorCode: "EFFECT_SETTLING", retryAfterMs: waitMs });
  // Another job is at it and most likely done soon, so this one comes back by its own policy.
  if (waitMs > 0) throw new UnavailableError(undefined, { errorCode: "EFFECT_BUSY" });
  try {
    const found = attempts > 1 ? await find() : undefined;
    return withConfirm({ ctx, key, value: found ?? (await call()) });
  } catch (error) {
    if (error instanceof ProviderError && error.kind === "unknown_outcome") await markUnknown({ ctx, key });
    throw settled(error, settleMs(ctx));
  }
}

/**
 * How old the trace of an earlier call must be before a look-up that finds nothing proves that there is nothing. An attempt sends its last
 * call within its own time, whatever became of its answer, so that time and a provider's slowness together are enough.
 */
function settleMs({ attempt }: JobContext): number {
  return attempt.timeoutMs + LATE_WRITE_MS;
}

/** Commits `calling` unless the effect is confirmed or an earlier call has not settled; the time is the database's. */
async function enter({ ctx, key }: { ctx: JobContext; key: string }): Promise<Entry> {
  const { mentoradoId } = ctx;
  const jobId = sql`guilda.actor_id()::uuid`;
  const settle = sql`${settleMs(ctx)} * interval '1 millisecond'`;
  return await ctx.db.checkpoint<Entry>({
    statements: [
      ctx.db.build
        .insert(effects)
        .values({ mentoradoId, key, state: "calling", jobId })
        .onConflictDoUpdate({
          target: [effects.mentoradoId, effects.key],
          set: { state: "calling", jobId, attempts: sql`${effects.attempts} + 1`, updatedAt: sql`now()` },
          setWhere: sql`${effects.state} <> 'confirmed' and ${effects.updatedAt} <= now() - ${settle}`,
        }),
    ],
    // Within one transaction now() stands still: the row bears it when this attempt wrote it.
    answer: sql`(select jsonb_build_object('state', e.state, 'attempts', e.attempts, 'response', e.response, 'isOurs', e.job_id = ${jobId}, 'waitMs',
        case when e.job_id = ${jobId} and e.updated_at = now() then 0 else ceil(1000 * extract(epoch from e.updated_at + ${settle} - now())) end)
      from ${effects} e where e.mentorado_id = ${mentoradoId} and e.key = ${key})`,
  });
}

function withConfirm<Value extends EffectValue>({ ctx, key, value }: { ctx: JobContext; key: string; value: Value }) {
  const confirm = ctx.db.build
    .update(effects)
    .set({ state: "confirmed", response: value, updatedAt: sql`now()` })
    .where(and(eq(effects.mentoradoId, ctx.mentoradoId), eq(effects.key, key)));
  return { value, confirm };
}

/** For those who look at the row: without it, it still says `calling`, and the next attempt does the same. */
async function markUnknown({ ctx, key }: { ctx: JobContext; key: string }): Promise<void> {
  const { build, checkpoint } = ctx.db;
  const row = and(eq(effects.mentoradoId, ctx.mentoradoId), eq(effects.key, key));
  try {
    await checkpoint({
      statements: [build.update(effects).set({ state: "unknown", updatedAt: sql`now()` }).where(row)],
      answer: sql`null`,
    });
  } catch {
    ctx.log.write("warn", "effect.not_marked", { outcome: "unknown" });
  }
}

/** An attempt before then would only be turned away, and be counted. */
function settled(error: unknown, retryAfterMs: number): unknown {
  if (!(error instanceof AppError) || !error.retryable || (error.retryAfterMs ?? 0) >= retryAfterMs) return error;
  return new UnavailableError(error.message, { errorCode: error.errorCode, retryAfterMs, cause: error });
}
