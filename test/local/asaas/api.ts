import { json, type WireAnswer, type WireRequest } from "../http-server.ts";
import type { Call } from "./call.ts";
import { createCustomer, getCustomer, listCustomers } from "./customers.ts";
import { deleteInstallment, getInstallment, listInstallmentPayments } from "./installments.ts";
import { confirmInSandbox, overdueInSandbox, receiveInCash, undoReceivedInCash } from "./money-moves.ts";
import { identificationField, pixQrCode } from "./payment-codes.ts";
import { listPayments } from "./payment-list.ts";
import type { PaymentCall } from "./payment-state.ts";
import { createPayment, deletePayment, restorePayment, updatePayment } from "./payments.ts";
import { countRequest, type RateLimit, tooManyRequests } from "./rate-limit.ts";
import { refund } from "./refunds.ts";
import type { SubscriptionCall } from "./subscription-cycle.ts";
import {
  createSubscription,
  deleteSubscription,
  getSubscription,
  listSubscriptionPayments,
  listSubscriptions,
  updateSubscription,
} from "./subscriptions.ts";
import { createWebhook, deleteWebhook, getWebhook, listWebhooks, updateWebhook } from "./webhooks.ts";
import { type Account, notFound, refuse, toReais } from "./wire.ts";

type Handler = (call: Call) => WireAnswer;

const ROUTES: [method: string, path: RegExp, handle: Handler][] = [
  ["POST", /^\/v3\/customers$/, createCustomer],
  ["GET", /^\/v3\/customers$/, listCustomers],
  ["GET", /^\/v3\/customers\/([^/]+)$/, getCustomer],
  ["POST", /^\/v3\/payments$/, createPayment],
  ["GET", /^\/v3\/payments$/, listPayments],
  ["GET", /^\/v3\/payments\/([^/]+)$/, ofPayment(({ payment }) => json(200, payment))],
  ["PUT", /^\/v3\/payments\/([^/]+)$/, ofPayment(updatePayment)],
  ["POST", /^\/v3\/payments\/([^/]+)$/, ofPayment(updatePayment)],
  ["DELETE", /^\/v3\/payments\/([^/]+)$/, ofPayment(deletePayment)],
  ["POST", /^\/v3\/payments\/([^/]+)\/restore$/, ofPayment(restorePayment)],
  ["POST", /^\/v3\/payments\/([^/]+)\/refund$/, ofPayment(refund)],
  ["POST", /^\/v3\/payments\/([^/]+)\/receiveInCash$/, ofPayment(receiveInCash)],
  ["POST", /^\/v3\/payments\/([^/]+)\/undoReceivedInCash$/, ofPayment(undoReceivedInCash)],
  ["GET", /^\/v3\/payments\/([^/]+)\/status$/, ofPayment(({ payment: { status } }) => json(200, { status }))],
  ["GET", /^\/v3\/payments\/([^/]+)\/pixQrCode$/, ofPayment(pixQrCode)],
  ["GET", /^\/v3\/payments\/([^/]+)\/identificationField$/, ofPayment(identificationField)],
  ["GET", /^\/v3\/installments\/([^/]+)$/, getInstallment],
  ["DELETE", /^\/v3\/installments\/([^/]+)$/, deleteInstallment],
  ["GET", /^\/v3\/installments\/([^/]+)\/payments$/, listInstallmentPayments],
  ["POST", /^\/v3\/subscriptions$/, createSubscription],
  ["GET", /^\/v3\/subscriptions$/, listSubscriptions],
  ["GET", /^\/v3\/subscriptions\/([^/]+)$/, ofSubscription(getSubscription)],
  ["PUT", /^\/v3\/subscriptions\/([^/]+)$/, ofSubscription(updateSubscription)],
  ["DELETE", /^\/v3\/subscriptions\/([^/]+)$/, ofSubscription(deleteSubscription)],
  ["GET", /^\/v3\/subscriptions\/([^/]+)\/payments$/, ofSubscription(listSubscriptionPayments)],
  ["POST", /^\/v3\/sandbox\/payment\/([^/]+)\/confirm$/, ofSandbox(confirmInSandbox)],
  ["POST", /^\/v3\/sandbox\/payment\/([^/]+)\/overdue$/, ofSandbox(overdueInSandbox)],
  ["POST", /^\/v3\/webhooks$/, createWebhook],
  ["GET", /^\/v3\/webhooks$/, listWebhooks],
  ["GET", /^\/v3\/webhooks\/([^/]+)$/, getWebhook],
  ["PUT", /^\/v3\/webhooks\/([^/]+)$/, updateWebhook],
  ["DELETE", /^\/v3\/webhooks\/([^/]+)$/, deleteWebhook],
  ["GET", /^\/v3\/myAccount\/commercialInfo$/, commercialInfo],
  ["GET", /^\/v3\/finance\/balance$/, ({ account }) => json(200, { balance: toReais(account.balanceCents) })],
];

const SANDBOX_KEY_PREFIX = "$aact_hmlg_";
const KEY_PREFIXES = [SANDBOX_KEY_PREFIX, "$aact_prod_"];

/** @returns whether the text has the form of an API key of either environment. */
export function isApiKey(text: string): boolean {
  return KEY_PREFIXES.some((prefix) => text.startsWith(prefix));
}

/**
 * The calls of the Asaas API that Guilda uses.
 *
 * @param context all that a handler needs and the request does not bring.
 * @see https://docs.asaas.com/reference
 */
export function answerApi({
  request,
  accounts,
  rateLimit,
  context,
}: {
  request: WireRequest;
  accounts: Account[];
  rateLimit: RateLimit;
  context: Pick<Call, "queues" | "now" | "baseUrl" | "nextNumber">;
}): WireAnswer {
  const apiKey = request.headers.access_token;
  const account = accounts.find((each) => each.apiKey === apiKey);
  if (account === undefined) return refuseKey(apiKey);
  if (!request.headers["user-agent"]) {
    return refuse(400, { code: "invalid_user_agent", description: "O cabeçalho User-Agent é obrigatório" });
  }
  const { headers, isExceeded } = countRequest({ account, rateLimit, now: context.now() });
  const answer = isExceeded ? tooManyRequests() : route({ request, account, context });
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

function route({
  request,
  account,
  context,
}: {
  request: WireRequest;
  account: Account;
  context: Pick<Call, "queues" | "now" | "baseUrl" | "nextNumber">;
}): WireAnswer {
  // The firewall before the real API answers this with its own page.
  if (request.method === "GET" && request.body.length > 0)
    return { status: 403, headers: { "content-type": "text/html" }, body: "" };
  const url = new URL(request.path, context.baseUrl);
  const body = parseBody(request.body);
  if (body === undefined) return refuse(400, { code: "invalid_json", description: "O corpo da requisição não é um JSON válido" });
  for (const [method, path, handle] of ROUTES) {
    const match = path.exec(url.pathname);
    if (match === null || method !== request.method) continue;
    return handle({ ...context, account, id: decodeURIComponent(match[1] ?? ""), query: url.searchParams, body });
  }
  return notFound("Recurso");
}

function ofPayment(handle: (call: PaymentCall) => WireAnswer): Handler {
  return (call) => {
    const payment = call.account.payments.find(({ id }) => id === call.id);
    return payment === undefined ? notFound("Cobrança") : handle({ ...call, payment });
  };
}

function ofSubscription(handle: (call: SubscriptionCall) => WireAnswer): Handler {
  return (call) => {
    const subscription = call.account.subscriptions.find(({ id }) => id === call.id);
    return subscription === undefined ? notFound("Assinatura") : handle({ ...call, subscription });
  };
}

function ofSandbox(handle: (call: PaymentCall) => WireAnswer): Handler {
  return (call) => (call.account.apiKey.startsWith(SANDBOX_KEY_PREFIX) ? ofPayment(handle)(call) : notFound("Recurso"));
}

function commercialInfo({ account }: Call): WireAnswer {
  return json(200, {
    status: "APPROVED",
    personType: "JURIDICA",
    cpfCnpj: "11222333000181",
    name: account.name,
    companyName: account.name,
    tradingName: account.name,
    email: "conta@guilda.test",
    phone: null,
    mobilePhone: null,
    denialReason: null,
  });
}

function refuseKey(apiKey: string | undefined): WireAnswer {
  if (apiKey === undefined) {
    return refuse(401, {
      code: "access_token_not_found",
      description: "O cabeçalho de autenticação 'access_token' é obrigatório",
    });
  }
  if (!isApiKey(apiKey)) {
    return refuse(401, { code: "invalid_access_token_format", description: "O valor informado não é uma chave de API do Asaas" });
  }
  return refuse(401, { code: "invalid_access_token", description: "A chave de API fornecida é inválida" });
}

function parseBody(body: Buffer): Record<string, unknown> | undefined {
  if (body.length === 0) return {};
  try {
    const parsed: unknown = JSON.parse(body.toString());
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
