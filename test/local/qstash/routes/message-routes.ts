import { json } from "../../http-server.ts";
import type { DeliveryEvent } from "../events.ts";
import { type Filterable, matches } from "../filter.ts";
import type { Message } from "../message.ts";
import { Refusal } from "../refusal.ts";
import { eventView, messageView } from "../views.ts";
import { type Call, countOf, type Route } from "./route.ts";

export const MESSAGE_ROUTES: Route[] = [
  {
    method: "GET",
    path: "/v2/messages/:id",
    answer: ({ broker, id }) => json(200, messageView(found(broker.messages.get(id), id))),
  },
  { method: "DELETE", path: "/v2/messages/:id", answer: cancelOne },
  { method: "DELETE", path: "/v2/messages", answer: cancelMany },
  { method: "GET", path: "/v2/events", answer: listEvents },
  { method: "GET", path: "/v2/logs", answer: listEvents },
];

function cancelOne({ broker, id }: Call) {
  found(broker.messages.get(id), id);
  broker.courier.cancel(id);
  return json(200, { cancelled: 1 });
}

/** Without a filter, all messages: the client asks for that only when told so explicitly. */
function cancelMany({ broker, query }: Call) {
  const chosen = [...broker.messages.values()].filter((message) => matches({ record: filterable(message), query }));
  return json(200, { cancelled: chosen.filter(({ messageId }) => broker.courier.cancel(messageId)).length });
}

/** Newest first; the cursor is the number of the last event listed. */
function listEvents({ broker, query }: Call) {
  const before = Number(query.get("cursor") ?? Number.POSITIVE_INFINITY);
  const chosen = broker.events
    .newestFirst()
    .filter((event) => event.sequence < before && matches({ record: filterableEvent(event), query }));
  const page = chosen.slice(0, countOf(query));
  return json(200, {
    events: page.map(eventView),
    cursor: chosen.length > page.length ? String(page.at(-1)?.sequence) : undefined,
  });
}

export function filterable({ messageId, url, settings, queueName, scheduleId, topicName, createdAt }: Message): Filterable {
  const { labels, flowControl } = settings;
  return { at: createdAt, messageId, url, labels, queueName, scheduleId, topicName, flowControlKey: flowControl?.key };
}

function filterableEvent({ time, state, message, responseStatus }: DeliveryEvent): Filterable {
  const { messageId, url, settings, queueName, scheduleId, topicName } = message;
  return {
    at: time,
    state,
    responseStatus,
    messageId,
    url,
    labels: settings.labels,
    queueName,
    scheduleId,
    topicName,
    flowControlKey: settings.flowControl?.key,
  };
}

function found(message: Message | undefined, id: string): Message {
  if (message === undefined) throw new Refusal(404, `message ${id} not found`);
  return message;
}
