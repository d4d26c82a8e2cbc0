import * as z from "zod";
import { createBreaker } from "../../../../shared/cache/circuit-breaker.ts";
import type { Cache } from "../../../../shared/cache/redis.ts";
import type { Logger } from "../../../../shared/log/logger.ts";
import type { ProviderRequest, Refusal } from "../../../../shared/outbound/ask-provider.ts";
import { callProvider, type ProviderAnswer, type ProviderCall } from "../../../../shared/outbound/call-provider.ts";
import { openProviderStream } from "../../../../shared/outbound/open-provider-stream.ts";

const BUDGET_MS = 20_000;
/** GitHub asks for at least a minute after a secondary limit that does not say how long. */
const SECONDARY_LIMIT_MS = 60_000;
const JSON_TYPE = "application/vnd.github+json";

/** What a call needs of its caller: a job's attempt ends its calls. */
export interface CallContext {
  log: Logger;
  signal?: AbortSignal | undefined;
}

type Request = Pick<ProviderRequest, "operation" | "path"> &
  Partial<Pick<ProviderRequest, "method" | "query" | "headers" | "body" | "mayFollow" | "idempotent">>;
export type GithubCall<Value> = Request & Pick<ProviderCall<Value>, "answer" | "maxAnswerBytes" | "format">;

/** Ways to ask GitHub; both reject with `ProviderError`. What Guilda asks can be asked twice, unless a call says otherwise. */
export interface GithubClient {
  baseUrl: string;
  call<Value>(call: GithubCall<Value>, token?: string): Promise<ProviderAnswer<Value>>;
  open(request: Request, token?: string): Promise<ReadableStream<Uint8Array>>;
}

/** @param account names the circuit breaker: one installation's trouble is not another's. */
export function createClient({
  baseUrl,
  cache,
  account,
  ctx: { log, signal },
}: {
  baseUrl: string;
  cache: Cache;
  account: string;
  ctx: CallContext;
}): GithubClient {
  function complete<Call extends Request>({ headers, ...call }: Call, token: string | undefined) {
    return {
      method: "GET" as const,
      provider: "github",
      baseUrl,
      idempotent: true,
      budgetMs: BUDGET_MS,
      breaker: createBreaker({ cache, provider: "github", account, now: Date.now }),
      log,
      signal,
      readErrorCodes: () => [],
      readLimit,
      ...call,
      headers: {
        accept: JSON_TYPE,
        "user-agent": "Guilda",
        "x-github-api-version": "2022-11-28",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
    };
  }
  return {
    baseUrl,
    call: (call, token) => callProvider(complete(call, token)),
    open: (request, token) => openProviderStream(complete(request, token)),
  };
}

const refusalBody = z.object({ message: z.string() });

/** GitHub answers 403 or 429 to who has used up the hour's requests, and to who asks too fast. */
function readLimit({ status, headers, body, nowMs }: Refusal): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  if (headers.get("x-ratelimit-remaining") === "0") return Math.max(0, Number(headers.get("x-ratelimit-reset")) * 1_000 - nowMs);
  const retryAfterS = headers.get("retry-after");
  if (retryAfterS !== null && /^\d+$/.test(retryAfterS)) return Number(retryAfterS) * 1_000;
  const message = refusalBody.safeParse(body).data?.message ?? "";
  return status === 429 || /rate limit|abuse detection/i.test(message) ? SECONDARY_LIMIT_MS : undefined;
}
