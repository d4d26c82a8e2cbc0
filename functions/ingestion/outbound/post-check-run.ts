import type { Statement } from "../../../shared/db/connect.ts";
import { runEffect } from "../../../shared/jobs/run-effect.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { type CheckRunOutput, MAX_ANNOTATIONS_AT_ONCE } from "../pulls/render-check.ts";
import type { PullCalls } from "./github/pull-calls.ts";

/** How the check is named at GitHub, where rules of a repository may require it. */
export const CHECK_NAME = "Guilda";

/**
 * Posts one check run, over at once, and its annotations in as many requests as GitHub asks for. Each is done once: the run is found by our
 * id of the check, and how far its annotations have come by how many it has.
 */
export async function postCheckRun({
  ctx,
  pulls,
  check: { pullCheckId, fullName, headSha, conclusion },
  output: { annotations, ...output },
}: {
  ctx: JobContext;
  pulls: PullCalls;
  check: { pullCheckId: string; fullName: string; headSha: string; conclusion: "success" | "failure" | "neutral" };
  output: CheckRunOutput;
}): Promise<{ checkRunId: number; confirms: Statement[] }> {
  const run = { fullName, headSha, name: CHECK_NAME, externalId: pullCheckId };
  const find = async () => {
    const found = await pulls.findCheckRun(run);
    return found === undefined ? undefined : { ...found };
  };
  const first = annotations.slice(0, MAX_ANNOTATIONS_AT_ONCE);
  const {
    value: { checkRunId },
    confirm,
  } = await runEffect({
    ctx,
    key: `github.check-run:${pullCheckId}`,
    find,
    call: async () => ({ ...(await pulls.createCheckRun({ ...run, ...output, annotations: first, conclusion })) }),
  });
  const confirms = [confirm];
  for (let from = first.length; from < annotations.length; from += MAX_ANNOTATIONS_AT_ONCE) {
    const batch = annotations.slice(from, from + MAX_ANNOTATIONS_AT_ONCE);
    const added = await runEffect({
      ctx,
      key: `github.annotations:${pullCheckId}:${from}`,
      find: async () => (((await find())?.annotations ?? 0) > from ? { from } : undefined),
      call: async () => {
        await pulls.addAnnotations({ fullName, checkRunId, ...output, annotations: batch });
        return { from };
      },
    });
    confirms.push(added.confirm);
  }
  return { checkRunId, confirms };
}
