import * as z from "zod";
import { createBreaker } from "../../../../shared/cache/circuit-breaker.ts";
import type { Cache } from "../../../../shared/cache/redis.ts";
import { AppError } from "../../../../shared/errors/app-error.ts";
import type { Logger } from "../../../../shared/log/logger.ts";
import { callProvider, type ProviderCall } from "../../../../shared/outbound/call-provider.ts";
import { ProviderError } from "../../../../shared/outbound/provider-error.ts";

const READ_BUDGET_MS = 8_000;
const WRITE_BUDGET_MS = 10_000;
/** Of Asaas: it gives no more items at once. */
export const MAX_PAGE = 100;

/** What is left of the requests that Asaas takes from an account in one of its windows of time. */
export interface AsaasQuota {
  remaining: number;
  /** Until the quota is whole again. */
  resetSeconds: number;
}

export interface AsaasClientOptions {
  baseUrl: string;
  apiKey: string;
  account: string;
  cache: Cache;
  log: Logger;
  signal?: AbortSignal | undefined;
  onQuota?: ((quota: AsaasQuota) => void) | undefined;
}

type Call<Value> = Pick<ProviderCall<Value>, "operation" | "path" | "query" | "body" | "answer">;

/** The four ways to ask Asaas; all reject with `ProviderError`. */
export interface AsaasClient {
  read<Value>(call: Omit<Call<Value>, "body">): Promise<Value>;
  /** Sent once, because Asaas would do it twice: a failure that hides what was done is `unknown_outcome`. */
  post<Value>(call: Omit<Call<Value>, "query">): Promise<Value>;
  /** Sets fields to values, which is the same however often it is asked. */
  put<Value>(call: Omit<Call<Value>, "query">): Promise<Value>;
  /** Removes what is at `path`; when Asaas refuses because it is removed already, as `isRemoved` finds, it is done. */
  remove(call: { operation: string; path: string; isRemoved: (refusal: ProviderError) => Promise<boolean> }): Promise<void>;
}

export function createClient({ baseUrl, apiKey, account, cache, log, signal, onQuota }: AsaasClientOptions): AsaasClient {
  const common = {
    provider: "asaas",
    baseUrl,
    headers: { access_token: apiKey, "user-agent": "Guilda" },
    breaker: createBreaker({ cache, provider: "asaas", account, now: Date.now }),
    log,
    signal,
    readErrorCodes,
  };
  async function send<Value>(
    call: Call<Value> & Pick<ProviderCall<Value>, "method" | "idempotent" | "budgetMs">,
  ): Promise<Value> {
    const { value, headers } = await callProvider({ ...common, ...call });
    const quota = readQuota(headers);
    if (quota !== undefined) onQuota?.(quota);
    return value;
  }
  return {
    read: (call) => send({ ...call, method: "GET", idempotent: true, budgetMs: READ_BUDGET_MS }),
    post: (call) => send({ ...call, method: "POST", idempotent: false, budgetMs: WRITE_BUDGET_MS }),
    put: (call) => send({ ...call, method: "PUT", idempotent: true, budgetMs: WRITE_BUDGET_MS }),
    async remove({ isRemoved, ...call }) {
      try {
        await send({ ...call, method: "DELETE", idempotent: true, budgetMs: WRITE_BUDGET_MS, answer: z.unknown() });
      } catch (error) {
        if (!(error instanceof ProviderError) || error.kind !== "refused" || !(await isRemoved(error))) throw error;
      }
    },
  };
}

/** Ids arrive in webhooks as well: one that is more than an id would call something else. @throws AppError ASAAS_ID_INVALID. */
export function idPart(id: string): string {
  if (/^[\w-]{1,64}$/.test(id)) return id;
  throw new AppError("VALIDATION", "Not an id of Asaas", { errorCode: "ASAAS_ID_INVALID" });
}

/** An answer that lists things. */
export function listOf<Item>(item: z.ZodType<Item>) {
  return z.looseObject({ data: z.array(item) });
}

const refusalBody = z.object({ errors: z.array(z.object({ code: z.string() })) });

function readErrorCodes(body: unknown): string[] {
  return refusalBody.safeParse(body).data?.errors.map(({ code }) => code) ?? [];
}

function readQuota(headers: Headers): AsaasQuota | undefined {
  const [remaining, resetSeconds] = ["ratelimit-remaining", "ratelimit-reset"].map((name) => readCount(headers.get(name)));
  return remaining === undefined || resetSeconds === undefined ? undefined : { remaining, resetSeconds };
}

function readCount(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
