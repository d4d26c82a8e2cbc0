import { randomUUID } from "node:crypto";
import { json, type WireAnswer } from "../http-server.ts";
import type { Call } from "./call.ts";
import { listPage, notFound, PAYMENT_EVENTS, type Problem, refuse, SUBSCRIPTION_EVENTS, type Webhook } from "./wire.ts";

const MAX_WEBHOOKS = 10;
const AUTH_TOKEN_MIN = 32;
const AUTH_TOKEN_MAX = 255;

/** `POST /v3/webhooks`. @see https://docs.asaas.com/reference/criar-novo-webhook */
export function createWebhook({ account, body }: Call): WireAnswer {
  if (account.webhooks.length >= MAX_WEBHOOKS) {
    return refuse(400, { code: "invalid_action", description: "O limite de 10 webhooks foi atingido" });
  }
  const problems = problemsOf(body, ["name", "url", "authToken", "sendType", "events"]);
  if (problems.length > 0) return refuse(400, ...problems);
  const webhook: Webhook = {
    id: randomUUID(),
    name: "",
    url: "",
    email: null,
    enabled: true,
    interrupted: false,
    apiVersion: 3,
    authToken: "",
    sendType: "SEQUENTIALLY",
    events: [],
    penalizedRequestsCount: 0,
    queue: [],
  };
  account.webhooks.push(Object.assign(webhook, settingsOf(body)));
  return json(200, webhookJson(webhook));
}

export function listWebhooks({ account, query }: Call): WireAnswer {
  return listPage({ items: account.webhooks.map(webhookJson), query });
}

export function getWebhook({ account, id }: Call): WireAnswer {
  const webhook = account.webhooks.find((each) => each.id === id);
  return webhook === undefined ? notFound("Webhook") : json(200, webhookJson(webhook));
}

/** `PUT /v3/webhooks/{id}`: fields left out stay; `interrupted: false` sets a paused queue going again. */
export function updateWebhook({ account, id, body, queues }: Call): WireAnswer {
  const webhook = account.webhooks.find((each) => each.id === id);
  if (webhook === undefined) return notFound("Webhook");
  const problems = problemsOf(body, []);
  if (problems.length > 0) return refuse(400, ...problems);
  const wasInterrupted = webhook.interrupted;
  Object.assign(webhook, settingsOf(body));
  if (wasInterrupted && !webhook.interrupted) webhook.penalizedRequestsCount = 0;
  queues.resume(webhook);
  return json(200, webhookJson(webhook));
}

/** `DELETE /v3/webhooks/{id}`: its waiting events go with it. */
export function deleteWebhook({ account, id }: Call): WireAnswer {
  const webhook = account.webhooks.find((each) => each.id === id);
  if (webhook === undefined) return notFound("Webhook");
  webhook.queue = [];
  account.webhooks.splice(account.webhooks.indexOf(webhook), 1);
  return json(200, { deleted: true, id });
}

function webhookJson({ authToken, queue, ...settings }: Webhook): object {
  return { ...settings, hasAuthToken: authToken !== "" };
}

function settingsOf(body: Record<string, unknown>): Partial<Webhook> {
  const names = ["name", "url", "email", "enabled", "interrupted", "apiVersion", "authToken", "sendType", "events"];
  return Object.fromEntries(names.filter((name) => body[name] !== undefined).map((name) => [name, body[name]]));
}

function problemsOf(body: Record<string, unknown>, required: string[]): Problem[] {
  return Object.entries(CHECKS)
    .filter(([name]) => body[name] !== undefined || required.includes(name))
    .filter(([name, { accepts }]) => !accepts(body[name]))
    .map(([name, { description }]) => ({ code: `invalid_${name}`, description }));
}

const CHECKS: Record<string, { accepts: (value: unknown) => boolean; description: string }> = {
  name: { accepts: (name) => typeof name === "string" && name !== "", description: "O nome do webhook deve ser informado" },
  url: { accepts: isHttpUrl, description: "A URL informada é inválida" },
  enabled: { accepts: isBoolean, description: "enabled deve ser verdadeiro ou falso" },
  interrupted: { accepts: isBoolean, description: "interrupted deve ser verdadeiro ou falso" },
  authToken: { accepts: isAuthToken, description: "O token de autenticação deve ter entre 32 e 255 caracteres" },
  sendType: {
    accepts: (sendType) => sendType === "SEQUENTIALLY" || sendType === "NON_SEQUENTIALLY",
    description: "O tipo de envio deve ser informado",
  },
  events: { accepts: areEvents, description: "Os eventos informados são inválidos" },
};

function isHttpUrl(value: unknown): boolean {
  return typeof value === "string" && /^https?:$/.test(URL.parse(value)?.protocol ?? "");
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

function isAuthToken(value: unknown): boolean {
  return typeof value === "string" && value.length >= AUTH_TOKEN_MIN && value.length <= AUTH_TOKEN_MAX;
}

function areEvents(value: unknown): boolean {
  const known: readonly string[] = [...PAYMENT_EVENTS, ...SUBSCRIPTION_EVENTS];
  return Array.isArray(value) && value.length > 0 && value.every((event) => known.includes(String(event)));
}
