import { WorkerEntrypoint } from "cloudflare:workers";
import { oncePerEnv } from "../../shared/config/config.ts";
import { serveJobs } from "../../shared/jobs/serve-jobs.ts";
import { checkReadiness } from "../../shared/kernel.ts";
import type { Caller, GroupWorker } from "../../shared/trpc/caller.ts";
import { serveTrpc } from "../../shared/trpc/serve-trpc.ts";
import { openFinance } from "./open-finance.ts";

const open = oncePerEnv((env: FinanceEnv) => openFinance(env));

/** Charges at the payment provider and the ledger. Reached only through the edge. */
export default class Finance extends WorkerEntrypoint<FinanceEnv> implements GroupWorker {
  trpc(request: Request, caller: Caller): Promise<Response> {
    return serveTrpc({ request, caller, ...open(this.env), waitUntil: (work) => this.ctx.waitUntil(work) });
  }

  override fetch(request: Request): Promise<Response> {
    return serveJobs<"finance">({ request, ...open(this.env), waitUntil: (work) => this.ctx.waitUntil(work) });
  }

  ready() {
    return checkReadiness(open(this.env).kernel);
  }
}
