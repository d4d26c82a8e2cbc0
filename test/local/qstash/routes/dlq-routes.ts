import { json, type WireAnswer } from "../../http-server.ts";
import { matches } from "../filter.ts";
import { type DeadLetter, newMessage } from "../message.ts";
import { Refusal } from "../refusal.ts";
import { readSettings } from "../settings.ts";
import { deadLetterView } from "../views.ts";
import { filterable } from "./message-routes.ts";
import { type Call, countOf, type Route } from "./route.ts";

export const DLQ_ROUTES: Route[] = [
  { method: "GET", path: "/v2/dlq", answer: list },
  { method: "DELETE", path: "/v2/dlq", answer: removeMany },
  { method: "POST", path: "/v2/dlq/retry", answer: (call) => retry(call, choose(call)) },
  { method: "POST", path: "/v2/dlq/retry/:id", answer: (call) => retry(call, { letters: [found(call)] }) },
  { method: "GET", path: "/v2/dlq/:id", answer: (call) => json(200, deadLetterView(found(call))) },
  { method: "DELETE", path: "/v2/dlq/:id", answer: removeOne },
];

interface Chosen {
  letters: DeadLetter[];
  /** Id of the last one chosen, when there are more. */
  cursor?: string | undefined;
}

function list(call: Call): WireAnswer {
  const { letters, cursor } = choose(call);
  return json(200, { messages: letters.map(deadLetterView), cursor });
}

function removeOne(call: Call): WireAnswer {
  call.broker.deadLetters.delete(found(call).dlqId);
  return { status: 200 };
}

function removeMany(call: Call): WireAnswer {
  const { letters, cursor } = choose(call);
  for (const { dlqId } of letters) call.broker.deadLetters.delete(dlqId);
  return json(200, { deleted: letters.length, cursor });
}

/** Each becomes a new message; headers of the request override the settings that it had. */
function retry({ broker, request }: Call, { letters, cursor }: Chosen): WireAnswer {
  const { "content-type": _own, ...headers } = request.headers;
  const { forward, ...overrides } = readSettings(headers);
  const responses = letters.map(({ dlqId, message }) => {
    const { delayMs: _delay, notBeforeMs: _notBefore, ...settings } = message.settings;
    const origin = { ...message, settings: { ...settings, ...overrides, forward: { ...settings.forward, ...forward } } };
    const again = newMessage({ origin, nowMs: Date.now(), timeScale: broker.timeScale });
    broker.courier.accept(again);
    broker.deadLetters.delete(dlqId);
    return { messageId: again.messageId };
  });
  return json(201, { responses, cursor });
}

function choose({ broker, query }: Call): Chosen {
  const cursor = query.get("cursor");
  const rest = [...broker.deadLetters.values()].filter(
    (letter) => (cursor === null || isAfter(letter.dlqId, cursor)) && matches({ record: filterableLetter(letter), query }),
  );
  const letters = rest.slice(0, countOf(query));
  return { letters, cursor: rest.length > letters.length ? letters.at(-1)?.dlqId : undefined };
}

function filterableLetter({ dlqId, message, responseStatus, diedAt }: DeadLetter) {
  return { ...filterable(message), at: diedAt, dlqId, responseStatus };
}

/** Ids are `<milliseconds>-<number>` and grow. */
function isAfter(dlqId: string, cursor: string): boolean {
  const [ms = 0, number = 0] = dlqId.split("-").map(Number);
  const [cursorMs = 0, cursorNumber = 0] = cursor.split("-").map(Number);
  return ms > cursorMs || (ms === cursorMs && number > cursorNumber);
}

function found({ broker, id }: Call): DeadLetter {
  const letter = broker.deadLetters.get(id);
  if (letter === undefined) throw new Refusal(404, `message ${id} not found in the dead-letter queue`);
  return letter;
}
