import { hash } from "node:crypto";
import type { DeliveryEvent } from "./events.ts";
import { CALLER_IP, DEFAULT_RETRIES, type DeadLetter, type Message, maxRetries } from "./message.ts";
import type { Schedule } from "./scheduler.ts";
import type { Settings } from "./settings.ts";

/** @returns the message in the form of `GET /v2/messages/{id}`. */
export function messageView(message: Message): Record<string, unknown> {
  const { messageId, url, settings, createdAt, notBefore, queueName, scheduleId, topicName, endpointName } = message;
  return {
    messageId,
    url,
    topicName,
    endpointName,
    ...settingsView(settings),
    ...bodyView("body", message.bodyBase64, settings),
    maxRetries: maxRetries(message),
    notBefore: Math.round(notBefore),
    createdAt,
    queueName,
    scheduleId,
    callerIP: CALLER_IP,
  };
}

/** @returns the dead letter in the form of `GET /v2/dlq/{id}`. */
export function deadLetterView({
  dlqId,
  message,
  responseStatus,
  responseHeader,
  responseBodyBase64,
}: DeadLetter): Record<string, unknown> {
  return {
    ...messageView(message),
    dlqId,
    responseStatus,
    responseHeader,
    ...bodyView("responseBody", responseBodyBase64, {}),
  };
}

/** @returns the event in the form of `GET /v2/logs`. */
export function eventView({
  time,
  state,
  message,
  nextDeliveryTime,
  responseStatus,
  error,
}: DeliveryEvent): Record<string, unknown> {
  const { messageId, url, topicName, endpointName, queueName, scheduleId, settings } = message;
  const { labels, flowControl } = settings;
  return {
    time,
    state,
    messageId,
    url,
    topicName,
    endpointName,
    queueName,
    scheduleId,
    label: labels?.[0],
    labels,
    flowControlKey: flowControl?.key,
    nextDeliveryTime,
    responseStatus,
    error,
  };
}

/** @returns the schedule in the form of `GET /v2/schedules/{id}`. */
export function scheduleView({
  schedule,
  nextScheduleTime,
}: {
  schedule: Schedule;
  nextScheduleTime: number | undefined;
}): Record<string, unknown> {
  const { scheduleId, cron, destination, settings, bodyBase64, queueName, createdAt, isPaused, lastScheduleTime } = schedule;
  return {
    scheduleId,
    cron,
    destination,
    createdAt,
    ...settingsView(settings),
    ...bodyView("body", bodyBase64, settings),
    retries: settings.retries ?? DEFAULT_RETRIES,
    delay: settings.delayMs === undefined ? undefined : settings.delayMs / 1_000,
    queueName,
    isPaused,
    lastScheduleTime,
    nextScheduleTime,
  };
}

function settingsView(settings: Settings): Record<string, unknown> {
  const { method = "POST", forward, retryDelay, callback, failureCallback, flowControl, labels } = settings;
  return {
    method,
    header: Object.fromEntries(Object.entries(forward).map(([name, value]) => [name, [redactHeader({ name, value, settings })]])),
    retryDelayExpression: retryDelay,
    callback: callback?.url,
    failureCallback: failureCallback?.url,
    flowControlKey: flowControl?.key,
    parallelism: flowControl?.parallelism,
    rate: flowControl?.rate,
    period: flowControl?.periodSeconds,
    label: labels?.[0],
    labels,
  };
}

/** Bytes that are no UTF-8 text are shown in base64. */
function bodyView(name: string, base64: string, { redact }: Pick<Settings, "redact">): Record<string, string> {
  const bytes = Buffer.from(base64, "base64");
  const text = bytes.toString();
  if (redact?.includes("body")) return { [name]: redacted(bytes) };
  return Buffer.from(text).equals(bytes) ? { [name]: text } : { [`${name}Base64`]: base64 };
}

function redactHeader({ name, value, settings: { redact = [] } }: { name: string; value: string; settings: Settings }): string {
  const hidden = redact.some((field) => field === "header" || field.toLowerCase() === `header[${name}]`);
  return hidden ? redacted(Buffer.from(value)) : value;
}

function redacted(bytes: Buffer): string {
  return `REDACTED:${hash("sha256", bytes, "hex")}`;
}
