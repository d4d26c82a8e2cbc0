import * as z from "zod";
import { NotFoundError, UnauthorizedError, ValidationError } from "../../shared/errors/app-error.ts";
import { toHttpResponse } from "../../shared/errors/to-http-response.ts";
import { jobPath } from "../../shared/jobs/catalog.ts";
import { readSigned } from "../../shared/jobs/read-signed.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { describeError } from "../../shared/log/scrub.ts";
import { SCHEDULES } from "./schedules.ts";
import { tick } from "./services/tick.ts";

const TICK_PATH = jobPath("scheduler.tick");

/** An empty message is the every-minute tick; one with a name fires that schedule. */
const tickMessage = z.object({ schedule: z.string().optional(), at: z.iso.datetime({ offset: true }).optional() });

/** Answers `/jobs/scheduler/tick`: the second source of ticks beside the cron trigger, and the operator's `npm run cron`. */
export async function receiveTick({ request, kernel }: { request: Request; kernel: Kernel }): Promise<Response> {
  try {
    if (new URL(request.url).pathname !== TICK_PATH) throw new NotFoundError();
    const message = await readSigned({ request, ...kernel });
    if (message === undefined) throw new UnauthorizedError("Not signed");
    const { schedule, at } = readTick(message);
    if (schedule !== undefined && !SCHEDULES.some(({ name }) => name === schedule)) {
      throw new NotFoundError(undefined, { errorCode: "SCHEDULE_UNKNOWN" });
    }
    const result = await runTick({ kernel, at: at === undefined ? new Date() : new Date(at), only: schedule });
    return Response.json({ data: result, error: null });
  } catch (error) {
    return toHttpResponse(error);
  }
}

/** One tick with its log line. */
export async function runTick({ kernel, at, only }: { kernel: Kernel; at: Date; only?: string | undefined }) {
  const startedAt = performance.now();
  const requestId = kernel.newId();
  const log = kernel.log.with({ requestId, ...(only === undefined ? {} : { schedule: only }) });
  try {
    const result = await tick({ kernel: { ...kernel, log }, at, only, requestId });
    log.write("info", "tick.done", {
      outcome: "done",
      count: result.fired + result.rungAgain,
      durationMs: Math.round(performance.now() - startedAt),
    });
    return result;
  } catch (error) {
    log.write("error", "tick.failed", { error: describeError(error), durationMs: Math.round(performance.now() - startedAt) });
    throw error;
  }
}

function readTick(message: string): z.output<typeof tickMessage> {
  try {
    return tickMessage.parse(message === "" ? {} : JSON.parse(message));
  } catch (error) {
    throw new ValidationError("The message is not valid", { cause: error });
  }
}
