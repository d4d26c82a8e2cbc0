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
    name: "finance.reconcile-recent",
    job: "finance.reconcile-recent",
    scope: "mentorado",
    every: "30 minutes",
    catchUp: "latest",
    cap: "24 hours",
  },
  {
    name: "finance.reconcile-full",
    job: "finance.reconcile-full",
    scope: "mentorado",
    dailyAt: "02:30",
    catchUp: "latest",
    cap: "3 days",
  },
  {
    name: "finance.bill-due-installments",
    job: "finance.bill-due-installments",
    scope: "mentorado",
    dailyAt: "06:00",
    catchUp: "latest",
    cap: "24 hours",
  },
  {
    name: "finance.check-webhooks",
    job: "finance.check-webhooks",
    scope: "mentorado",
    every: "10 minutes",
    catchUp: "skip",
    cap: "1 hour",
  },
  {
    name: "finance.remind-due-charges",
    job: "finance.remind-due-charges",
    scope: "mentorado",
    // Each mentorado has quiet hours of its own: reminders go out when they end.
    every: "1 hour",
    catchUp: "latest",
    cap: "24 hours",
  },
  {
    name: "ingestion.redeliver-missed",
    job: "ingestion.redeliver-missed",
    scope: "programme",
    every: "1 hour",
    catchUp: "skip",
    cap: "1 hour",
  },
  {
    name: "ingestion.check-heads",
    job: "ingestion.check-heads",
    scope: "mentorado",
    dailyAt: "03:30",
    catchUp: "skip",
    cap: "24 hours",
  },
];
