import { WorkerEntrypoint } from "cloudflare:workers";
import { oncePerEnv } from "../../shared/config/config.ts";
import { serveJobs } from "../../shared/jobs/serve-jobs.ts";
import { checkReadiness, openKernel } from "../../shared/kernel.ts";
import type { Caller, GroupWorker } from "../../shared/trpc/caller.ts";
import { serveTrpc } from "../../shared/trpc/serve-trpc.ts";
import { createAccountsJobs } from "./jobs.ts";
import { accountsRouter } from "./router.ts";

const open = oncePerEnv((env: AccountsEnv) => {
  const kernel = openKernel({ env, worker: "accounts" });
  return { kernel, handlers: createAccountsJobs({ cache: kernel.cache }) };
});

/** People, their memberships, and what Clerk says of them. Reached only through the edge. */
export default class Accounts extends WorkerEntrypoint<AccountsEnv> implements GroupWorker {
  trpc(request: Request, caller: Caller): Promise<Response> {
    const { kernel } = open(this.env);
    return serveTrpc({ request, caller, router: accountsRouter, kernel, waitUntil: (work) => this.ctx.waitUntil(work) });
  }

  override fetch(request: Request): Promise<Response> {
    return serveJobs<"accounts">({ request, ...open(this.env), waitUntil: (work) => this.ctx.waitUntil(work) });
  }

  ready() {
    return checkReadiness(open(this.env).kernel);
  }
}
