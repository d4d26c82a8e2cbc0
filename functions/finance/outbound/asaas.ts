import * as z from "zod";
import { createBreaker } from "../../../shared/cache/circuit-breaker.ts";
import type { Cache } from "../../../shared/cache/redis.ts";
import { AppError } from "../../../shared/errors/app-error.ts";
import type { Logger } from "../../../shared/log/logger.ts";
import { callProvider, type ProviderCall } from "../../../shared/outbound/call-provider.ts";
import { centsFromReais, reaisFromCents } from "./reais.ts";

const PRODUCTION_HOST = "api.asaas.com";
const PRODUCTION_KEY = /^\$aact_prod_[\x21-\x7e]+$/;
const SANDBOX_KEY = /^\$aact_hmlg_[\x21-\x7e]+$/;
const READ_BUDGET_MS = 8_000;
const WRITE_BUDGET_MS = 10_000;
const MAX_PAGE = "100";

const BILLING_TYPES = { pix: "PIX", boleto: "BOLETO", credit_card: "CREDIT_CARD" } as const;
export type BillingType = keyof typeof BILLING_TYPES;

export interface AsaasCustomer {
  id: string;
  externalReference: string | null;
}

export interface AsaasPayment {
  id: string;
  customerId: string;
  /** Asaas' own word; the list grows, so it is any text. */
  status: string;
  amountCents: number;
  /** What is left after the fee; null while Asaas does not say. */
  netCents: number | null;
  /** `YYYY-MM-DD`. */
  dueDate: string;
  externalReference: string | null;
  /** The page where the payer pays. */
  invoiceUrl: string | null;
  /** Asaas keeps the status of a charge that was removed. */
  isDeleted: boolean;
}

/**
 * The calls of one Asaas account. All reject with `ProviderError`.
 *
 * Asaas knows no idempotency keys and takes the same customer or payment twice, so the `create` calls are sent once and are to be run
 * through `runEffect`, with the `find` call beside them, under an `externalReference` that was stored before.
 *
 * @see https://docs.asaas.com/reference
 */
export interface Asaas {
  /** @returns the customer with our reference; undefined when there is none. */
  findCustomer(input: { externalReference: string }): Promise<AsaasCustomer | undefined>;
  /** Asaas writes nothing to the customer by itself: reminders are ours. `phone` is E.164. */
  createCustomer(input: {
    name: string;
    /** CPF or CNPJ without its mask. */
    taxId: string;
    email?: string | undefined;
    phone?: string | undefined;
    externalReference: string;
  }): Promise<AsaasCustomer>;
  /** @returns the payment with our reference that is not removed; undefined when there is none. */
  findPayment(input: { externalReference: string }): Promise<AsaasPayment | undefined>;
  /** An unknown id is refused with provider status 404. */
  getPayment(id: string): Promise<AsaasPayment>;
  createPayment(input: {
    customerId: string;
    billingType: BillingType;
    amountCents: number;
    /** `YYYY-MM-DD`, not in the past. */
    dueDate: string;
    description?: string | undefined;
    externalReference: string;
  }): Promise<AsaasPayment>;
  /** @returns the text that the payer copies into a bank's app; it expires. */
  getPixQrCode(paymentId: string): Promise<{ payload: string }>;
}

/**
 * @param baseUrl `ASAAS_API_URL`, with its version: `https://api.asaas.com/v3`, `https://api-sandbox.asaas.com/v3`.
 * @param apiKey of the mentorado's account. A production key is only ever sent to the production host, and no other key is sent there.
 * @param account names the circuit breaker: one mentorado's trouble is not another's.
 * @param signal ends the calls with the attempt that they are part of.
 * @throws AppError `ASAAS_KEY_MISMATCH`.
 */
export function createAsaas({
  baseUrl,
  apiKey,
  account,
  cache,
  log,
  signal,
}: {
  baseUrl: string;
  apiKey: string;
  account: string;
  cache: Cache;
  log: Logger;
  signal?: AbortSignal | undefined;
}): Asaas {
  requireKeyOf({ baseUrl, apiKey });
  const common = {
    provider: "asaas",
    baseUrl,
    headers: { access_token: apiKey, "user-agent": "Guilda" },
    breaker: createBreaker({ cache, provider: "asaas", account, now: Date.now }),
    log,
    signal,
    readErrorCodes,
  };
  async function read<Value>(call: Pick<ProviderCall<Value>, "operation" | "path" | "query" | "answer">): Promise<Value> {
    const { value } = await callProvider({ ...common, ...call, method: "GET", idempotent: true, budgetMs: READ_BUDGET_MS });
    return value;
  }
  async function create<Value>(call: Pick<ProviderCall<Value>, "operation" | "path" | "body" | "answer">): Promise<Value> {
    const { value } = await callProvider({ ...common, ...call, method: "POST", idempotent: false, budgetMs: WRITE_BUDGET_MS });
    return value;
  }
  return {
    async findCustomer({ externalReference }) {
      const query = { externalReference, limit: MAX_PAGE };
      const { data } = await read({ operation: "findCustomer", path: "/customers", query, answer: listOf(customerAnswer) });
      return data.find((customer) => customer.externalReference === externalReference && !customer.isDeleted);
    },
    createCustomer({ name, taxId, email, phone, externalReference }) {
      const body = { name, cpfCnpj: taxId, email, ...phoneFields(phone), externalReference, notificationDisabled: true };
      return create({ operation: "createCustomer", path: "/customers", body, answer: customerAnswer });
    },
    async findPayment({ externalReference }) {
      const query = { externalReference, limit: MAX_PAGE };
      const { data } = await read({ operation: "findPayment", path: "/payments", query, answer: listOf(paymentAnswer) });
      // Compared again here: had the filter been ignored, a stranger's payment would be taken for ours.
      return data.find((payment) => payment.externalReference === externalReference && !payment.isDeleted);
    },
    getPayment: (id) => read({ operation: "getPayment", path: `/payments/${idPart(id)}`, answer: paymentAnswer }),
    createPayment({ customerId, billingType, amountCents, dueDate, description, externalReference }) {
      const value = reaisFromCents(amountCents);
      const body = {
        customer: customerId,
        billingType: BILLING_TYPES[billingType],
        value,
        dueDate,
        description,
        externalReference,
      };
      return create({ operation: "createPayment", path: "/payments", body, answer: paymentAnswer });
    },
    getPixQrCode: (paymentId) =>
      read({
        operation: "getPixQrCode",
        path: `/payments/${idPart(paymentId)}/pixQrCode`,
        answer: z.object({ payload: z.string() }),
      }),
  };
}

const cents = z.number().transform((reais, context) => {
  const value = centsFromReais(reais);
  if (value !== undefined) return value;
  context.addIssue({ code: "custom", message: "Not an amount in reais" });
  return z.NEVER;
});

const customerAnswer = z
  .looseObject({ id: z.string(), externalReference: z.string().nullish(), deleted: z.boolean().nullish() })
  .transform(({ id, externalReference, deleted }) => ({
    id,
    externalReference: externalReference ?? null,
    isDeleted: deleted === true,
  }));

const paymentAnswer = z
  .looseObject({
    id: z.string(),
    customer: z.string(),
    status: z.string(),
    value: cents,
    netValue: cents.nullish(),
    dueDate: z.string(),
    externalReference: z.string().nullish(),
    invoiceUrl: z.string().nullish(),
    deleted: z.boolean().nullish(),
  })
  .transform(
    ({ id, customer, status, value, netValue, dueDate, externalReference, invoiceUrl, deleted }): AsaasPayment => ({
      id,
      customerId: customer,
      status,
      amountCents: value,
      netCents: netValue ?? null,
      dueDate,
      externalReference: externalReference ?? null,
      invoiceUrl: invoiceUrl ?? null,
      isDeleted: deleted === true,
    }),
  );

function listOf<Item>(item: z.ZodType<Item>) {
  return z.object({ data: z.array(item) });
}

const refusalBody = z.object({ errors: z.array(z.object({ code: z.string() })) });

function readErrorCodes(body: unknown): string[] {
  return refusalBody.safeParse(body).data?.errors.map(({ code }) => code) ?? [];
}

function requireKeyOf({ baseUrl, apiKey }: { baseUrl: string; apiKey: string }): void {
  const expected = new URL(baseUrl).hostname === PRODUCTION_HOST ? PRODUCTION_KEY : SANDBOX_KEY;
  if (expected.test(apiKey)) return;
  throw new AppError("PRECONDITION_FAILED", "The API key does not belong to this environment of Asaas", {
    errorCode: "ASAAS_KEY_MISMATCH",
  });
}

/** Ids arrive in webhooks as well: one that is more than an id would call something else. */
function idPart(id: string): string {
  if (/^[\w-]{1,64}$/.test(id)) return id;
  throw new AppError("VALIDATION", "Not an id of Asaas", { errorCode: "ASAAS_ID_INVALID" });
}

/** Asaas takes Brazilian numbers without country code, mobile and landline apart; a foreign number is left out. */
function phoneFields(phone: string | undefined): { mobilePhone?: string; phone?: string } {
  const [, national] = /^\+55(\d{10,11})$/.exec(phone ?? "") ?? [];
  if (national === undefined) return {};
  return national.length === 11 ? { mobilePhone: national } : { phone: national };
}
