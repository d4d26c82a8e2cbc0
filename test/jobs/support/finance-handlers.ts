import { JOBS, type JobNameOf, type PayloadOf } from "../../../shared/jobs/catalog.ts";
import type { JobContext, JobHandlers } from "../../../shared/jobs/serve-jobs.ts";

type FinanceJob = JobNameOf<"finance">;
type Handler = (call: { ctx: JobContext; input: PayloadOf<FinanceJob> }) => Promise<unknown>;

/** Every job of finance does the same. */
export function financeHandlers(act: Handler): JobHandlers<"finance"> {
  const names = Object.keys(JOBS).filter((name) => name.startsWith("finance."));
  return Object.fromEntries(names.map((name) => [name, act])) as JobHandlers<"finance">;
}
