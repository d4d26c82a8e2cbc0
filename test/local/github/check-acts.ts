import type { ControlInput } from "./control-inputs.ts";
import { type CheckRunAction, type Stage, sendCheckRun } from "./events.ts";
import { senderOf } from "./repository-acts.ts";

/** Somebody presses "Re-run" at a check. */
export function rerequestCheck(stage: Stage, { checkRunId, sender }: ControlInput<"rerequestCheck">): void {
  tell({ stage, checkRunId, sender, action: "rerequested" });
}

/** Somebody presses one of the buttons that the App gave a check. */
export function requestAction(stage: Stage, { checkRunId, identifier, sender }: ControlInput<"requestAction">): void {
  tell({ stage, checkRunId, sender, action: "requested_action", identifier });
}

function tell({
  stage,
  checkRunId,
  sender,
  action,
  identifier,
}: {
  stage: Stage;
  checkRunId: number;
  sender: ControlInput<"rerequestCheck">["sender"];
  action: CheckRunAction;
  identifier?: string;
}): void {
  const { world } = stage;
  const checkRun = world.state.checkRuns.find(({ id }) => id === checkRunId);
  const repository = world.state.repositories.find(({ id }) => id === checkRun?.repositoryId);
  if (checkRun === undefined || repository === undefined) throw new Error(`no check run ${checkRunId}`);
  if (identifier !== undefined && !checkRun.actions.some((each) => each.identifier === identifier)) {
    throw new Error(`check run ${checkRunId} has no action ${identifier}`);
  }
  const more = identifier === undefined ? {} : { requested_action: { identifier } };
  sendCheckRun({ stage, repository, checkRun, action, sender: senderOf(world, sender, repository.ownerId), more });
}
