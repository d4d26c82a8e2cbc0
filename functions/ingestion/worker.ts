import { WorkerEntrypoint } from "cloudflare:workers";
import { oncePerEnv } from "../../shared/config/config.ts";
import { serveJobs } from "../../shared/jobs/serve-jobs.ts";
import { checkReadiness } from "../../shared/kernel.ts";
import type { BoundWorker } from "../../shared/trpc/caller.ts";
import { openIngestion } from "./open-ingestion.ts";

const open = oncePerEnv((env: IngestionEnv) => openIngestion(env));

/** Reads connected repositories from GitHub and mines them. It has jobs alone, and limits of its own, because it computes. */
export default class Ingestion extends WorkerEntrypoint<IngestionEnv> implements BoundWorker {
  override fetch(request: Request): Promise<Response> {
    return serveJobs<"ingestion">({ request, ...open(this.env), waitUntil: (work) => this.ctx.waitUntil(work) });
  }

  ready() {
    return checkReadiness(open(this.env).kernel);
  }
}
