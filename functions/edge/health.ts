import type { BoundWorker } from "../../shared/trpc/caller.ts";
import { GROUP_NAMES, type GroupName, type Groups } from "./groups.ts";
import type { Limits } from "./limits.ts";

const READY_BUDGET_MS = 1_000;

type Health = "up" | "down";

/** `/health/live`: this Worker runs; asks nobody. */
export function answerLive(): Response {
  return Response.json({ data: { edge: "up" }, error: null });
}

/**
 * `/health/ready`: every group answers within a second and reaches the database. Redis is reported and decides nothing, since
 * everything works without it.
 *
 * @returns 200, or 503 with the same `data` beside the error.
 */
export async function answerReady({ groups, limits }: { groups: Groups; limits: Limits }): Promise<Response> {
  const [states, cacheIsUp] = await Promise.all([
    Promise.all(GROUP_NAMES.map(async (group) => ({ group, ...(await askWhetherReady(groups[group])) }))),
    limits.ping(),
  ]);
  const says = (database: Health) => states.some((state) => state.database === database);
  const data = {
    database: upWhen(says("up") && !says("down")),
    cache: upWhen(cacheIsUp),
    workers: Object.fromEntries(states.map(({ group, worker }) => [group, worker])) as Record<GroupName, Health>,
  };
  const isReady = states.every((state) => state.worker === "up" && state.database === "up");
  const error = isReady ? null : { code: "UNAVAILABLE", message: "Not every part is ready" };
  return Response.json({ data, error }, { status: isReady ? 200 : 503 });
}

/** A Worker that does not answer says nothing of the database, which then counts as up only if others say so. */
async function askWhetherReady(group: BoundWorker): Promise<{ worker: Health; database: Health | "unknown" }> {
  const budget = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => budget.resolve(undefined), READY_BUDGET_MS);
  try {
    const readiness = await Promise.race([group.ready(), budget.promise]);
    return readiness === undefined ? { worker: "down", database: "unknown" } : { worker: "up", database: readiness.database };
  } catch {
    return { worker: "down", database: "unknown" };
  } finally {
    clearTimeout(timer);
  }
}

function upWhen(condition: boolean): Health {
  return condition ? "up" : "down";
}
