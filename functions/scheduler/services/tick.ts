import { sql } from "drizzle-orm";
import { toAppError } from "../../../shared/db/database-error.ts";
import { JOBS } from "../../../shared/jobs/catalog.ts";
import type { Kernel } from "../../../shared/kernel.ts";
import { SCHEDULES, type Schedule } from "../schedules.ts";

/** A job is rung again when nothing has come of its last ring for this long. */
const STALE = "60 seconds";
const SWEEP_LIMIT = 500;

interface Rung {
  id: string;
  name: string;
  ring: number;
  run_at: string;
}

/**
 * Fires what is due and rings again for work that is not done: one round trip, then the doorbells. Any number of ticks, from any
 * number of sources, fire a slot once.
 *
 * @param at the time of the tick; ahead of the database's clock it counts as now.
 * @param only fires the latest slot of this one schedule, whatever was fired before, for an operator.
 * @returns how many slots were fired and how many jobs rung again.
 */
export async function tick({
  kernel,
  at,
  only,
  requestId,
  schedules = SCHEDULES,
}: {
  kernel: Kernel;
  at: Date;
  only?: string | undefined;
  requestId: string;
  schedules?: readonly Schedule[];
}): Promise<{ fired: number; rungAgain: number }> {
  const { connection, doorbell, log } = kernel;
  const { build } = connection;
  const definitions = JSON.stringify(schedules.map(toDefinition));
  try {
    const [fired, stale] = await connection.run(sql`select guilda.enter_system('schedule', ${only ?? "tick"}, ${requestId})`, [
      build.execute(
        sql`select * from guilda.tick(${at.toISOString()}::timestamptz, ${definitions}::jsonb, ${only ?? null}::text, ${requestId})`,
      ),
      build.execute(sql`select * from guilda.sweep_jobs(${STALE}::interval, ${SWEEP_LIMIT})`),
    ]);
    const rung = [...fired.rows, ...stale.rows] as unknown as Rung[];
    await doorbell.ring(
      rung.map(({ run_at, ...job }) => ({ ...job, runAt: run_at })),
      log,
    );
    return { fired: fired.rows.length, rungAgain: stale.rows.length };
  } catch (error) {
    throw toAppError(error);
  }
}

function toDefinition(schedule: Schedule) {
  const { name, job, scope, catchUp, cap } = schedule;
  return {
    name,
    job,
    scope,
    cap,
    worker_group: JOBS[job].group,
    catch_up: catchUp,
    max_attempts: JOBS[job].retry.attempts,
    ...("every" in schedule ? { every: schedule.every } : { daily_at: schedule.dailyAt }),
  };
}
