import { WorkerEntrypoint } from "cloudflare:workers";
import { oncePerEnv } from "../../shared/config/config.ts";
import { serveJobs } from "../../shared/jobs/serve-jobs.ts";
import { checkReadiness } from "../../shared/kernel.ts";
import type { Caller, GroupWorker } from "../../shared/trpc/caller.ts";
import { serveTrpc } from "../../shared/trpc/serve-trpc.ts";
import { openPatterns } from "./open-patterns.ts";
import { patternsRouter } from "./router.ts";

const open = oncePerEnv((env: PatternsEnv) => openPatterns(env));

/** Connected repositories, the conventions that were found in them, and what people decide about these. Reached only through the edge. */
export default class Patterns extends WorkerEntrypoint<PatternsEnv> implements GroupWorker {
  trpc(request: Request, caller: Caller): Promise<Response> {
    const { kernel } = open(this.env);
    return serveTrpc({ request, caller, router: patternsRouter, kernel, waitUntil: (work) => this.ctx.waitUntil(work) });
  }

  override fetch(request: Request): Promise<Response> {
    return serveJobs<"patterns">({ request, ...open(this.env), waitUntil: (work) => this.ctx.waitUntil(work) });
  }

  ready() {
    return checkReadiness(open(this.env).kernel);
  }
}
