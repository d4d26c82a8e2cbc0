import { type SQL, sql } from "drizzle-orm";

/** `waiting` for its (next) attempt, `processed`, or `dead`: given up and left to people. */
export const EVENT_STATUSES = ["waiting", "processed", "dead"] as const;

/** @returns how the natural keys of an event's replays begin; what follows tells them apart and holds no `~`. */
export function replayKey({ mentoradoId, eventId }: { mentoradoId: string; eventId: SQL | string }): SQL {
  return sql`(${`${mentoradoId}:finance.process-asaas-event:replay:`} || ${eventId}::text || ':')`;
}
