import { afterEach, expect } from "vitest";
import type { Customer, Payment, PaymentEvent, Subscription, SubscriptionEvent } from "../../local/asaas/wire.ts";
import { type Asaas, type AsaasOptions, startAsaas } from "../../local/asaas.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../webhook-receiver.ts";

export const API_KEY = `$aact_hmlg_${"ana".repeat(10)}`;
export const OTHER_API_KEY = `$aact_hmlg_${"bia".repeat(10)}`;
export const AUTH_TOKEN = "whk-0123456789-0123456789-0123456789";
export const NOW = new Date("2026-03-10T15:00:00Z");
/** Turns the longest wait of the ladder, three hours, into 11 milliseconds. */
export const FAST = 1_000_000;

export const open: { close(): Promise<void> }[] = [];

/** To be called by each file once: what its tests open is closed after each. */
export function closeAfterEach(): void {
  afterEach(async () => {
    for (const standIn of open.splice(0).reverse()) await standIn.close();
  });
}

export async function asaasWith(options: AsaasOptions = {}): Promise<Asaas> {
  const asaas = await startAsaas({ timeScale: FAST, now: () => NOW, ...options });
  open.push(asaas);
  asaas.createAccount({ apiKey: API_KEY });
  return asaas;
}

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

/** A call as the documentation writes it. */
export async function call<Body = Record<string, unknown>>(
  asaas: Asaas,
  method: string,
  path: string,
  body?: object,
  apiKey = API_KEY,
): Promise<Answer<Body>> {
  return request(asaas, method, `/v3${path}`, body, apiKey);
}

/** What no call of the API does: `/local` paths. */
export async function control<Body = Record<string, unknown>>(
  asaas: Asaas,
  method: string,
  path: string,
  body?: object,
): Promise<Answer<Body>> {
  return request(asaas, method, `/local${path}`, body, API_KEY);
}

async function request<Body>(
  asaas: Asaas,
  method: string,
  path: string,
  body: object | undefined,
  apiKey: string,
): Promise<Answer<Body>> {
  const response = await fetch(`${asaas.url}${path}`, {
    method,
    headers: { "content-type": "application/json", "user-agent": "guilda", access_token: apiKey },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}

export interface Page<Item> {
  object: "list";
  hasMore: boolean;
  totalCount: number;
  limit: number;
  offset: number;
  data: Item[];
}

export async function newCustomer(asaas: Asaas, extra: object = {}, apiKey = API_KEY): Promise<Customer> {
  const body = { name: "Marcelo Almeida", cpfCnpj: "529.982.247-25", notificationDisabled: true, ...extra };
  return (await call<Customer>(asaas, "POST", "/customers", body, apiKey)).body;
}

export async function newPayment(asaas: Asaas, extra: object = {}, apiKey = API_KEY): Promise<Payment> {
  const customer = await newCustomer(asaas, {}, apiKey);
  const body = { customer: customer.id, billingType: "PIX", value: 129.9, dueDate: "2026-03-20", ...extra };
  const answer = await call<Payment>(asaas, "POST", "/payments", body, apiKey);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

export function errorCodes({ body }: Answer<Record<string, unknown>>): string[] {
  const errors = body.errors as { code: string; description: string }[];
  expect(errors.every(({ description }) => description.length > 0)).toBe(true);
  return errors.map(({ code }) => code);
}

export const WEBHOOK = {
  name: "Guilda",
  email: "conta@guilda.test",
  enabled: true,
  interrupted: false,
  apiVersion: 3,
  authToken: AUTH_TOKEN,
  sendType: "SEQUENTIALLY",
  events: ["PAYMENT_CREATED", "PAYMENT_CONFIRMED", "PAYMENT_RECEIVED", "PAYMENT_OVERDUE", "PAYMENT_DELETED"],
};

export interface Envelope {
  id: string;
  event: PaymentEvent | SubscriptionEvent;
  dateCreated: string;
  account: { id: string; ownerId: null };
  payment: Payment;
  /** Instead of a payment, in the events of a subscription. */
  subscription?: Subscription;
}

export interface Stage {
  asaas: Asaas;
  receiver: WebhookReceiver;
  webhookId: string;
}

export async function stageWith({
  webhook = {},
  onArrival,
  ...options
}: AsaasOptions & { webhook?: object; onArrival?: () => void } = {}): Promise<Stage> {
  const receiver = await startWebhookReceiver(onArrival === undefined ? {} : { onArrival });
  open.push(receiver);
  const asaas = await asaasWith(options);
  return { asaas, receiver, webhookId: await newWebhook(asaas, { url: `${receiver.url}/webhooks/asaas/1`, ...webhook }) };
}

export async function newWebhook(asaas: Asaas, extra: object, apiKey = API_KEY): Promise<string> {
  return String((await call(asaas, "POST", "/webhooks", { ...WEBHOOK, ...extra }, apiKey)).body.id);
}

export function envelopes({ received }: WebhookReceiver): Envelope[] {
  return received.map(({ body }) => JSON.parse(body.toString()) as Envelope);
}

export function eventNames(receiver: WebhookReceiver): string[] {
  return envelopes(receiver).map(({ event }) => event);
}
