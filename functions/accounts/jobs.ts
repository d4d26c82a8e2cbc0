import type { Cache } from "../../shared/cache/redis.ts";
import type { JobHandlers } from "../../shared/jobs/serve-jobs.ts";
import { invalidateSession } from "./services/invalidate-session.ts";
import { processClerkEvent } from "./services/process-clerk-event.ts";

/** @param cache where sessions are kept ready. */
export function createAccountsJobs({ cache }: { cache: Cache }): JobHandlers<"accounts"> {
  return {
    "accounts.invalidate-session": (call) => invalidateSession({ ...call, cache }),
    "accounts.process-clerk-event": (call) => processClerkEvent({ ...call, cache }),
  };
}
