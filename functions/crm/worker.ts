import { WorkerEntrypoint } from "cloudflare:workers";
import { oncePerEnv, parseConfig } from "../../shared/config/config.ts";
import { createKeyring } from "../../shared/db/sensitive.ts";
import { NotFoundError } from "../../shared/errors/app-error.ts";
import { toHttpResponse } from "../../shared/errors/to-http-response.ts";
import { checkReadiness, openKernel } from "../../shared/kernel.ts";
import type { Caller, GroupWorker } from "../../shared/trpc/caller.ts";
import { serveTrpc } from "../../shared/trpc/serve-trpc.ts";
import { createCrmRouter } from "./router.ts";

const open = oncePerEnv((env: CrmEnv) => ({
  kernel: openKernel({ env, worker: "crm" }),
  router: createCrmRouter({ keyring: createKeyring(parseConfig(env, ["ENCRYPTION_KEY"]).ENCRYPTION_KEY) }),
}));

/** Leads, students, enrolments. Reached only through the edge. */
export default class Crm extends WorkerEntrypoint<CrmEnv> implements GroupWorker {
  trpc(request: Request, caller: Caller): Promise<Response> {
    return serveTrpc({ request, caller, ...open(this.env), waitUntil: (work) => this.ctx.waitUntil(work) });
  }

  /** This group has no jobs yet. */
  override async fetch(): Promise<Response> {
    return toHttpResponse(new NotFoundError());
  }

  ready() {
    return checkReadiness(open(this.env).kernel);
  }
}
