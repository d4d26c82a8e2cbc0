import type { JobHandlers } from "../../shared/jobs/serve-jobs.ts";
import { adoptScan } from "./services/adopt-scan.ts";
import { measureRepo } from "./services/measure-repo.ts";
import { wordCandidates } from "./services/word-candidates.ts";
import type { Model } from "./wording/model.ts";

/** @param model undefined where none is asked. */
export function createPatternsJobs({ model }: { model: Model | undefined }): JobHandlers<"patterns"> {
  return {
    "patterns.adopt-scan": (call) => adoptScan({ ...call, isWorded: model !== undefined }),
    "patterns.measure-repo": measureRepo,
    "patterns.word-candidates": (call) => wordCandidates({ ...call, model }),
  };
}
