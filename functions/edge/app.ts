import { Hono } from "hono";
import { cors } from "hono/cors";
import { routePath } from "hono/route";
import { secureHeaders } from "hono/secure-headers";
import { NotFoundError } from "../../shared/errors/app-error.ts";
import { toHttpResponse } from "../../shared/errors/to-http-response.ts";
import type { Logger } from "../../shared/log/logger.ts";
import { describeError } from "../../shared/log/scrub.ts";
import { answerTrpcError, toAppError } from "./answer-error.ts";
import { createAuthenticate } from "./authenticate.ts";
import type { EdgeConfig } from "./env.ts";
import { answerForm } from "./forms.ts";
import { forwardRaw } from "./forward-raw.ts";
import { findGroupByName, type Groups } from "./groups.ts";
import { answerLive, answerReady } from "./health.ts";
import { createLimits } from "./limits.ts";
import openapi from "./openapi.json" with { type: "json" };
import { TRPC_ENDPOINT } from "./split-batch.ts";
import type { Trace } from "./trace.ts";
import { answerTrpc } from "./trpc-gateway.ts";

/** What a caller may choose as a request id; anything else is replaced. */
const REQUEST_ID = /^[\w.-]{8,64}$/;
/** What a log line shows of a procedure; a path is the caller's text and may hold anything. */
const PROCEDURE_NAME = /^[a-z]{1,40}(\.[a-z]{1,40}){1,3}$/i;
const PREFLIGHT_SECONDS = 600;

interface EdgeVariables {
  Variables: { trace: Trace };
}

export interface Edge {
  fetch(request: Request): Response | Promise<Response>;
}

/**
 * Builds the public Worker: request id, log line, CORS, secure headers, then the routes. Keeps verified tokens and counts in
 * memory, so it is built once per isolate.
 *
 * @param now current time in milliseconds.
 * @param newId makes a request id.
 */
export function createEdge({
  config,
  groups,
  log,
  now,
  newId,
}: {
  config: EdgeConfig;
  groups: Groups;
  log: Logger;
  now: () => number;
  newId: () => string;
}): Edge {
  const authenticate = createAuthenticate({ jwtKey: config.clerkJwtKey, authorizedParties: config.authorizedParties, now });
  const limits = createLimits({ redis: config.redis, log, now });
  const app = new Hono<EdgeVariables>();

  app.use(async function trace(c, next) {
    const startedAtMs = now();
    const given = c.req.header("x-request-id");
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : newId();
    const trace: Trace = { requestId, log: log.with({ requestId }), procedures: [] };
    c.set("trace", trace);
    await next();
    c.header("x-request-id", requestId);
    if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-store");
    logAnswer({ trace, route: routePath(c, -1), status: c.res.status, durationMs: now() - startedAtMs });
  });
  // A form stands on pages of any origin; it carries no credentials and its answer says nothing.
  app.use(
    "/forms/*",
    cors({ origin: "*", allowMethods: ["POST"], allowHeaders: ["content-type", "x-request-id"], maxAge: PREFLIGHT_SECONDS }),
  );
  app.use(
    cors({
      origin: config.authorizedParties,
      allowMethods: ["GET", "POST"],
      allowHeaders: ["authorization", "content-type", "idempotency-key", "trpc-accept", "x-mentorado", "x-request-id"],
      exposeHeaders: ["retry-after", "x-request-id"],
      maxAge: PREFLIGHT_SECONDS,
    }),
  );
  app.use(secureHeaders());

  app.get("/openapi.json", (c) => c.json(openapi));
  app.get("/health/live", () => answerLive());
  app.get("/health/ready", () => answerReady({ groups, limits }));
  app.on(["GET", "POST"], "/webhooks/*", (c) =>
    forwardRaw({ request: c.req.raw, group: "webhooks", groups, trace: c.var.trace }),
  );
  app.post("/jobs/:group/:job", (c) => {
    const group = findGroupByName(c.req.param("group"));
    if (group === undefined) throw new NotFoundError();
    return forwardRaw({ request: c.req.raw, group, groups, trace: c.var.trace });
  });
  app.on(["GET", "POST"], `${TRPC_ENDPOINT}*`, (c) => {
    // As tRPC's own server; a HEAD must never run a procedure.
    if (c.req.method === "HEAD") return new Response(null, { status: 204 });
    return answerTrpc({ request: c.req.raw, trace: c.var.trace, groups, authenticate, limits });
  });
  app.post("/forms/:formKey", (c) =>
    answerForm({
      request: c.req.raw,
      formKey: c.req.param("formKey"),
      trace: c.var.trace,
      groups,
      limits,
      publicUrl: config.publicUrl,
    }),
  );

  app.notFound((c) => {
    c.var.trace.errorCode = "NOT_FOUND";
    return toHttpResponse(new NotFoundError("There is nothing here"));
  });
  app.onError((cause, c) => {
    const { trace } = c.var;
    const error = toAppError(cause);
    trace.errorCode = error.errorCode;
    if (error.status >= 500) trace.log.write("error", "request.failed", { error: describeError(error) });
    if (!c.req.path.startsWith(TRPC_ENDPOINT)) return toHttpResponse(error);
    const [path, ...others] = trace.procedures;
    return answerTrpcError({ error, requestId: trace.requestId, path: others.length === 0 ? path : undefined });
  });
  return app;
}

function logAnswer({
  trace,
  route,
  status,
  durationMs,
}: {
  trace: Trace;
  route: string;
  status: number;
  durationMs: number;
}): void {
  const named = trace.procedures.map((path) => (PROCEDURE_NAME.test(path) ? path : "other"));
  trace.log.write("info", "request.answered", {
    route,
    ...(named.length > 0 && { procedure: named.join(",") }),
    status,
    durationMs,
    outcome: status >= 500 ? "failed" : status >= 400 ? "refused" : "done",
    ...(trace.errorCode !== undefined && { errorCode: trace.errorCode }),
  });
}
