import { json, type WireAnswer } from "../../http-server.ts";
import type { Queue } from "../queue-lanes.ts";
import { Refusal } from "../refusal.ts";
import type { Call, Route } from "./route.ts";

export const QUEUE_ROUTES: Route[] = [
  { method: "POST", path: "/v2/queues", answer: upsert },
  {
    method: "GET",
    path: "/v2/queues",
    answer: (call) =>
      json(
        200,
        [...call.broker.queues.values()].map((queue) => view(call, queue)),
      ),
  },
  { method: "GET", path: "/v2/queues/:id", answer: (call) => json(200, view(call, found(call))) },
  { method: "DELETE", path: "/v2/queues/:id", answer: remove },
  { method: "POST", path: "/v2/queues/:id/pause", answer: (call) => setPaused(call, true) },
  { method: "POST", path: "/v2/queues/:id/resume", answer: (call) => setPaused(call, false) },
];

function upsert({ broker, request }: Call): WireAnswer {
  const { queueName, parallelism, paused } = JSON.parse(request.body.toString()) as {
    queueName?: unknown;
    parallelism?: unknown;
    paused?: unknown;
  };
  if (typeof queueName !== "string" || queueName === "") throw new Refusal(400, "queueName is missing");
  if (parallelism !== undefined && !(Number.isInteger(parallelism) && Number(parallelism) >= 1))
    throw new Refusal(400, "invalid parallelism");
  broker.lanes.upsert({
    name: queueName,
    parallelism: parallelism === undefined ? undefined : Number(parallelism),
    paused: paused === true,
  });
  return { status: 200 };
}

/** Its messages are cancelled with it. */
function remove(call: Call): WireAnswer {
  const { name } = found(call);
  const { broker } = call;
  for (const { messageId, queueName } of [...broker.messages.values()]) if (queueName === name) broker.courier.cancel(messageId);
  broker.queues.delete(name);
  return { status: 200 };
}

function setPaused(call: Call, paused: boolean): WireAnswer {
  call.broker.lanes.upsert({ name: call.id, paused });
  return { status: 200 };
}

function view({ broker }: Call, queue: Queue): Record<string, unknown> {
  return { ...queue, lag: broker.lanes.lag(queue.name) };
}

function found({ broker, id }: Call): Queue {
  const queue = broker.queues.get(id);
  if (queue === undefined) throw new Refusal(404, `queue ${id} not found`);
  return queue;
}
