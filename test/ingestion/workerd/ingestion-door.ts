import { openIngestion } from "../../../functions/ingestion/open-ingestion.ts";
import { serveJobs } from "../../../shared/jobs/serve-jobs.ts";

let opened: ReturnType<typeof openIngestion> | undefined;

/** What the Worker does, and says when it has come up. */
export default {
  fetch(request: Request, env: object, ctx: { waitUntil: (work: Promise<unknown>) => void }): Response | Promise<Response> {
    if (new URL(request.url).pathname === "/ready") return new Response("ready");
    opened ??= openIngestion(env);
    return serveJobs<"ingestion">({ request, ...opened, waitUntil: (work) => ctx.waitUntil(work) });
  },
};
