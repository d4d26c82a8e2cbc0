import { createLogger } from "../../shared/log/logger.ts";
import { describeError } from "../../shared/log/scrub.ts";
import { createEdge, type Edge } from "./app.ts";
import { type EdgeBindings, readConfig } from "./env.ts";

const log = createLogger({ worker: "edge" });

/** Built at the first request of an isolate; the bindings it holds live as long as the isolate. */
let edge: Edge | undefined;

export default {
  async fetch(request: Request, env: EdgeBindings): Promise<Response> {
    try {
      edge ??= buildEdge(env);
    } catch (error) {
      log.write("error", "configuration.refused", { error: describeError(error) });
      const body = { data: null, error: { code: "UNAVAILABLE", message: "Temporarily unavailable, please try again" } };
      return Response.json(body, { status: 503 });
    }
    return edge.fetch(request);
  },
};

function buildEdge(env: EdgeBindings): Edge {
  return createEdge({
    config: readConfig({ ...env }),
    groups: {
      accounts: env.ACCOUNTS,
      crm: env.CRM,
      finance: env.FINANCE,
      patterns: env.PATTERNS,
      ingestion: env.INGESTION,
      webhooks: env.WEBHOOKS,
      scheduler: env.SCHEDULER,
    },
    log,
    now: () => Date.now(),
    newId: () => crypto.randomUUID(),
  });
}
