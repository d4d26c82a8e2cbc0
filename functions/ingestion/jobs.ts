import type { JobHandlers } from "../../shared/jobs/serve-jobs.ts";
import type { PullLimits } from "./pulls/pull-limits.ts";
import { checkHeads } from "./services/check-heads.ts";
import { checkPullRequest } from "./services/check-pull-request.ts";
import { finishScan } from "./services/finish-scan.ts";
import { processGithubEvent } from "./services/process-github-event.ts";
import { redeliverMissed } from "./services/redeliver-missed.ts";
import { reportPullCheck } from "./services/report-pull-check.ts";
import { type ScanTools, scanRepo } from "./services/scan-repo.ts";
import { scanShard } from "./services/scan-shard.ts";

interface IngestionTools extends ScanTools {
  pullLimits: PullLimits;
  /** Where people open Guilda. */
  publicUrl: string;
}

export function createIngestionJobs({ github, limits, pullLimits, publicUrl }: IngestionTools): JobHandlers<"ingestion"> {
  return {
    "ingestion.process-github-event": processGithubEvent,
    "ingestion.scan-repo": (call) => scanRepo({ ...call, github, limits }),
    "ingestion.scan-shard": (call) => scanShard({ ...call, github, limits }),
    "ingestion.finish-scan": finishScan,
    "ingestion.check-heads": (call) => checkHeads({ ...call, github }),
    "ingestion.check-pull-request": (call) => checkPullRequest({ ...call, github, limits: pullLimits }),
    "ingestion.report-pull-check": (call) => reportPullCheck({ ...call, github, publicUrl }),
    "ingestion.redeliver-missed": ({ ctx }) => redeliverMissed({ ctx, github }),
  };
}
