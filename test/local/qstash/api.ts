import { json, type WireAnswer, type WireRequest } from "../http-server.ts";
import type { Broker } from "./broker.ts";
import { Refusal } from "./refusal.ts";
import { ACCOUNT_ROUTES } from "./routes/account-routes.ts";
import { DLQ_ROUTES } from "./routes/dlq-routes.ts";
import { GROUP_ROUTES } from "./routes/group-routes.ts";
import { MESSAGE_ROUTES } from "./routes/message-routes.ts";
import { answerPublish } from "./routes/publish-routes.ts";
import { QUEUE_ROUTES } from "./routes/queue-routes.ts";
import { SCHEDULE_ROUTES } from "./routes/schedule-routes.ts";

const ROUTES = [...MESSAGE_ROUTES, ...DLQ_ROUTES, ...SCHEDULE_ROUTES, ...QUEUE_ROUTES, ...GROUP_ROUTES, ...ACCOUNT_ROUTES].map(
  (route) => ({
    ...route,
    pattern: new RegExp(`^${route.path.replace(":id", "([^/]+)")}$`),
  }),
);

/** Answers QStash's REST API, and `/__chaos`, where `PUT` replaces the chaos with a JSON object. */
export function answerApi({ broker, token, request }: { broker: Broker; token: string; request: WireRequest }): WireAnswer {
  const [path = "", search = ""] = request.path.split(/\?(.*)/s);
  if (path === "/__chaos") return answerChaos({ broker, request });
  const query = new URLSearchParams(search);
  if (!isAuthorized({ request, query, token })) return json(401, { error: "unauthorized" });
  try {
    return answerPublish({ broker, request }) ?? answerRoute({ broker, request, path, query });
  } catch (error) {
    if (error instanceof Refusal) return json(error.status, { error: error.message });
    if (error instanceof SyntaxError || error instanceof URIError) return json(400, { error: error.message });
    throw error;
  }
}

function answerRoute({
  broker,
  request,
  path,
  query,
}: {
  broker: Broker;
  request: WireRequest;
  path: string;
  query: URLSearchParams;
}): WireAnswer {
  for (const { method, pattern, answer } of ROUTES) {
    const found = method === request.method ? pattern.exec(path) : null;
    if (found !== null) return answer({ broker, request, query, id: decodeURIComponent(found[1] ?? "") });
  }
  return json(404, { error: "not found" });
}

function isAuthorized({ request, query, token }: { request: WireRequest; query: URLSearchParams; token: string }): boolean {
  return request.headers.authorization === `Bearer ${token}` || query.get("qstash_token") === token;
}

function answerChaos({ broker: { chaos }, request }: { broker: Broker; request: WireRequest }): WireAnswer {
  if (request.method === "PUT") {
    for (const name of Object.keys(chaos)) delete chaos[name as keyof typeof chaos];
    Object.assign(chaos, JSON.parse(request.body.toString()));
  }
  return json(200, chaos);
}
