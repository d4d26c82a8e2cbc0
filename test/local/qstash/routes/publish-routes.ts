import { randomUUID } from "node:crypto";
import { json, type WireAnswer, type WireRequest } from "../../http-server.ts";
import type { Broker } from "../broker.ts";
import { type PublishRequest, publish, publishBatch } from "../publisher.ts";
import { Refusal } from "../refusal.ts";
import { checkCron, readSettings, readUrl } from "../settings.ts";

const SCHEDULE_ID = /^[\w.-]{1,256}$/;

/** Query parameters that are for QStash and not for the destination. */
const OWN_PARAMETER = /^(qstash_token=|upstash-)/i;

/**
 * Answers the requests whose path ends with a raw destination, and the batch.
 *
 * @returns undefined when the request is none of them.
 */
export function answerPublish({ broker, request }: { broker: Broker; request: WireRequest }): WireAnswer | undefined {
  if (request.method !== "POST") return undefined;
  const [, family, rest = ""] = /^\/v2\/(publish|enqueue|schedules)\/(.+)$/s.exec(request.path) ?? [];
  if (family === "publish") return published({ broker, request: readPublish({ request, target: rest }) });
  if (family === "enqueue") {
    const [, queue = "", target = ""] = /^([^/]+)\/(.+)$/s.exec(rest) ?? [];
    return published({ broker, request: { ...readPublish({ request, target }), queueName: decodeURIComponent(queue) } });
  }
  if (family === "schedules" && !/^[^/]+\/(pause|resume)$/.test(rest)) return createSchedule({ broker, request, target: rest });
  if (/^\/v2\/batch(\?|$)/.test(request.path)) return json(200, publishBatch({ context: broker, body: request.body }));
  return undefined;
}

function published({ broker, request }: { broker: Broker; request: PublishRequest }): WireAnswer {
  const answer = publish({ context: broker, request });
  const all = Array.isArray(answer) ? answer : [answer];
  return json(all.length > 0 && all.every(({ deduplicated }) => deduplicated) ? 202 : 200, answer);
}

function createSchedule({ broker, request, target }: { broker: Broker; request: WireRequest; target: string }): WireAnswer {
  const { schedules, scheduler, limits, groups } = broker;
  const { destination, settings, body } = readPublish({ request, target });
  const headers = configuration({ request, target });
  const cron = checkCron(headers["upstash-cron"]);
  const scheduleId = headers["upstash-schedule-id"] ?? `scd_${randomUUID().replaceAll("-", "")}`;
  if (!SCHEDULE_ID.test(scheduleId))
    throw new Refusal(400, "invalid Upstash-Schedule-Id header: letters, digits, '-', '_' and '.' only");
  const known = schedules.get(scheduleId);
  if (known === undefined && schedules.size >= limits.schedules)
    throw new Refusal(412, `more than ${limits.schedules} schedules`);
  scheduler.save({
    scheduleId,
    cron,
    destination: groups.has(destination) ? destination : readUrl(destination),
    settings,
    bodyBase64: body.toString("base64"),
    queueName: headers["upstash-queue-name"],
    createdAt: known?.createdAt ?? Date.now(),
    isPaused: known?.isPaused ?? false,
  });
  return json(200, { scheduleId });
}

function readPublish({ request, target }: { request: WireRequest; target: string }): PublishRequest {
  const [address = "", query] = split(target);
  const foreign = query?.split("&").filter((parameter) => !OWN_PARAMETER.test(parameter));
  return {
    destination: foreign === undefined || (foreign.length === 0 && query !== "") ? address : `${address}?${foreign.join("&")}`,
    settings: readSettings(configuration({ request, target })),
    body: request.body,
  };
}

/** Headers win over query parameters of the same name. */
function configuration({ request, target }: { request: WireRequest; target: string }): Record<string, string> {
  const own = [...new URLSearchParams(split(target)[1])].filter(([name]) => OWN_PARAMETER.test(name));
  return { ...Object.fromEntries(own.map(([name, value]) => [name.toLowerCase(), value])), ...request.headers };
}

function split(target: string): [address: string, query: string | undefined] {
  const mark = target.indexOf("?");
  return mark === -1 ? [target, undefined] : [target.slice(0, mark), target.slice(mark + 1)];
}
