import { WorkerEntrypoint } from "cloudflare:workers";
import { oncePerEnv } from "../../shared/config/config.ts";
import { checkReadiness, openKernel } from "../../shared/kernel.ts";
import { receiveTick, runTick } from "./receive-tick.ts";

const open = oncePerEnv((env: SchedulerEnv) => openKernel({ env, worker: "scheduler" }));

/** Turns time into jobs: each minute by cron trigger and, should that fail, by a QStash schedule. */
export default class Scheduler extends WorkerEntrypoint<SchedulerEnv> {
  override async scheduled(controller: ScheduledController): Promise<void> {
    await runTick({ kernel: open(this.env), at: new Date(controller.scheduledTime) });
  }

  override fetch(request: Request): Promise<Response> {
    return receiveTick({ request, kernel: open(this.env) });
  }

  ready() {
    return checkReadiness(open(this.env));
  }
}
