import { json, type WireAnswer } from "../../http-server.ts";
import { Refusal } from "../refusal.ts";
import type { Schedule } from "../scheduler.ts";
import { scheduleView } from "../views.ts";
import type { Call, Route } from "./route.ts";

/** The client pauses with PATCH, the documentation with POST. Creation is with the other requests that carry a destination. */
export const SCHEDULE_ROUTES: Route[] = [
  { method: "GET", path: "/v2/schedules", answer: list },
  { method: "GET", path: "/v2/schedules/:id", answer: (call) => json(200, view(call, found(call))) },
  { method: "DELETE", path: "/v2/schedules/:id", answer: remove },
  { method: "PATCH", path: "/v2/schedules/:id/pause", answer: (call) => setPaused(call, true) },
  { method: "POST", path: "/v2/schedules/:id/pause", answer: (call) => setPaused(call, true) },
  { method: "PATCH", path: "/v2/schedules/:id/resume", answer: (call) => setPaused(call, false) },
  { method: "POST", path: "/v2/schedules/:id/resume", answer: (call) => setPaused(call, false) },
];

function list(call: Call): WireAnswer {
  return json(
    200,
    [...call.broker.schedules.values()].map((schedule) => view(call, schedule)),
  );
}

function remove(call: Call): WireAnswer {
  call.broker.scheduler.delete(found(call).scheduleId);
  return { status: 200 };
}

function setPaused(call: Call, isPaused: boolean): WireAnswer {
  const schedule = found(call);
  call.broker.schedules.set(schedule.scheduleId, Object.assign(schedule, { isPaused }));
  return { status: 200 };
}

function view({ broker }: Call, schedule: Schedule): Record<string, unknown> {
  return scheduleView({ schedule, nextScheduleTime: broker.scheduler.nextScheduleTime(schedule) });
}

function found({ broker, id }: Call): Schedule {
  const schedule = broker.schedules.get(id);
  if (schedule === undefined) throw new Refusal(404, `schedule ${id} not found`);
  return schedule;
}
