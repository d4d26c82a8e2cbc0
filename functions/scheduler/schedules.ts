import type { JobName } from "../../shared/jobs/catalog.ts";

interface ScheduleBase {
  name: string;
  job: JobName;
  /** `mentorado`: one slot for each active mentorado, `dailyAt` in its own time zone. */
  scope: "programme" | "mentorado";
  /** After an outage: every missed slot, only the latest one, or none but the current one. */
  catchUp: "all" | "latest" | "skip";
  /** How far back missed slots are looked for (Postgres interval). */
  cap: string;
}

/** A Postgres interval, or a time of the local day: one slot per local date, also when the local clock jumps. */
export type Schedule = ScheduleBase & ({ every: string } | { dailyAt: string });

export const SCHEDULES: readonly Schedule[] = [
  {
    name: "finance.remind-due-charges",
    job: "finance.remind-due-charges",
    scope: "mentorado",
    dailyAt: "09:00",
    catchUp: "latest",
    cap: "24 hours",
  },
];
