import { mentoradoProcedure, router } from "../../shared/trpc/procedures.ts";
import {
  adherenceInput,
  cohortMatrixInput,
  dismissViolationInput,
  listPullsInput,
  listViolationsInput,
  setCheckModeInput,
  waiveInput,
} from "./enforcing/enforcing-schemas.ts";
import {
  addEvidenceInput,
  backtestInput,
  createPatternInput,
  deferInput,
  judgeInput,
  listHistoryInput,
  listPatternsInput,
  mergeInput,
  oneEvidenceInput,
  previewCheckerInput,
  promoteInput,
  rejectInput,
  setChannelsInput,
  setSeverityInput,
  triageQueueInput,
  updatePatternInput,
  updateStatusInput,
} from "./judging/pattern-schemas.ts";
import { connectRepoInput, listReposInput } from "./repos/repo-schemas.ts";
import { byId } from "./schemas.ts";
import { addEvidence } from "./services/add-evidence.ts";
import { backtestPattern } from "./services/backtest-pattern.ts";
import { connectRepo } from "./services/connect-repo.ts";
import { createPattern } from "./services/create-pattern.ts";
import { deferPattern } from "./services/defer-pattern.ts";
import { deprecatePattern } from "./services/deprecate-pattern.ts";
import { disconnectRepo } from "./services/disconnect-repo.ts";
import { dismissViolation } from "./services/dismiss-violation.ts";
import { getPattern } from "./services/get-pattern.ts";
import { getPull } from "./services/get-pull.ts";
import { getRepo } from "./services/get-repo.ts";
import { listHistory } from "./services/list-history.ts";
import { listInstallations } from "./services/list-installations.ts";
import { listPatterns } from "./services/list-patterns.ts";
import { listPulls } from "./services/list-pulls.ts";
import { listRepos } from "./services/list-repos.ts";
import { listViolations } from "./services/list-violations.ts";
import { measureAdherence } from "./services/measure-adherence.ts";
import { measureCohort } from "./services/measure-cohort.ts";
import { mergePattern } from "./services/merge-pattern.ts";
import { previewChecker } from "./services/preview-checker.ts";
import { promotePattern } from "./services/promote-pattern.ts";
import { rejectPattern } from "./services/reject-pattern.ts";
import { removeEvidence } from "./services/remove-evidence.ts";
import { reopenPattern } from "./services/reopen-pattern.ts";
import { rescanRepo } from "./services/rescan-repo.ts";
import { revokeWaiver } from "./services/revoke-waiver.ts";
import { setCanonical } from "./services/set-canonical.ts";
import { setChannels } from "./services/set-channels.ts";
import { setCheckMode } from "./services/set-check-mode.ts";
import { setSeverity } from "./services/set-severity.ts";
import { triageQueue } from "./services/triage-queue.ts";
import { updatePattern } from "./services/update-pattern.ts";
import { updateStatus } from "./services/update-status.ts";
import { waivePattern } from "./services/waive-pattern.ts";

export const patternsRouter = router({
  repos: {
    list: mentoradoProcedure("patterns.read").input(listReposInput).query(listRepos),
    getById: mentoradoProcedure("patterns.read").input(byId).query(getRepo),
    installations: mentoradoProcedure("repos.manage").query(listInstallations),
    connect: mentoradoProcedure("repos.manage").input(connectRepoInput).mutation(connectRepo),
    rescan: mentoradoProcedure("repos.manage").input(byId).mutation(rescanRepo),
    setCheckMode: mentoradoProcedure("repos.manage").input(setCheckModeInput).mutation(setCheckMode),
    pulls: mentoradoProcedure("patterns.read").input(listPullsInput).query(listPulls),
    pull: mentoradoProcedure("patterns.read").input(byId).query(getPull),
    disconnect: mentoradoProcedure("repos.manage").input(byId).mutation(disconnectRepo),
  },
  patterns: {
    list: mentoradoProcedure("patterns.read").input(listPatternsInput).query(listPatterns),
    getById: mentoradoProcedure("patterns.read").input(byId).query(getPattern),
    history: mentoradoProcedure("patterns.read").input(listHistoryInput).query(listHistory),
    triageQueue: mentoradoProcedure("patterns.read").input(triageQueueInput).query(triageQueue),
    previewChecker: mentoradoProcedure("patterns.read").input(previewCheckerInput).query(previewChecker),
    backtest: mentoradoProcedure("patterns.read").input(backtestInput).query(backtestPattern),
    create: mentoradoProcedure("patterns.write").input(createPatternInput).mutation(createPattern),
    addEvidence: mentoradoProcedure("patterns.write").input(addEvidenceInput).mutation(addEvidence),
    removeEvidence: mentoradoProcedure("patterns.write").input(oneEvidenceInput).mutation(removeEvidence),
    setCanonical: mentoradoProcedure("patterns.write").input(oneEvidenceInput).mutation(setCanonical),
    updateStatus: mentoradoProcedure("patterns.promote").input(updateStatusInput).mutation(updateStatus),
    promote: mentoradoProcedure("patterns.promote").input(promoteInput).mutation(promotePattern),
    reject: mentoradoProcedure("patterns.promote").input(rejectInput).mutation(rejectPattern),
    defer: mentoradoProcedure("patterns.promote").input(deferInput).mutation(deferPattern),
    reopen: mentoradoProcedure("patterns.promote").input(judgeInput).mutation(reopenPattern),
    deprecate: mentoradoProcedure("patterns.promote").input(judgeInput).mutation(deprecatePattern),
    merge: mentoradoProcedure("patterns.promote").input(mergeInput).mutation(mergePattern),
    update: mentoradoProcedure("patterns.promote").input(updatePatternInput).mutation(updatePattern),
    setSeverity: mentoradoProcedure("patterns.promote").input(setSeverityInput).mutation(setSeverity),
    setChannels: mentoradoProcedure("patterns.promote").input(setChannelsInput).mutation(setChannels),
    violations: mentoradoProcedure("patterns.read").input(listViolationsInput).query(listViolations),
    dismissViolation: mentoradoProcedure("patterns.promote").input(dismissViolationInput).mutation(dismissViolation),
    waive: mentoradoProcedure("patterns.promote").input(waiveInput).mutation(waivePattern),
    revokeWaiver: mentoradoProcedure("patterns.promote").input(byId).mutation(revokeWaiver),
    adherence: mentoradoProcedure("patterns.read").input(adherenceInput).query(measureAdherence),
    cohortMatrix: mentoradoProcedure("patterns.read").input(cohortMatrixInput).query(measureCohort),
  },
});
