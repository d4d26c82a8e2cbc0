import type { WireAnswer, WireRequest } from "../http-server.ts";
import { tooManyRequests } from "./rate-limit.ts";

/** Of GETs that one account may have under way at once. @see https://docs.asaas.com/docs/api-limits-1 */
export const CONCURRENT_GETS = 50;

export interface GetSlots {
  /** Answers a request, or refuses the GET that is one too many. */
  answer(request: WireRequest, serve: () => WireAnswer): Promise<WireAnswer>;
  /** Lets every GET wait until the function that is returned is called: a slow provider, without a clock. */
  hold(): () => void;
}

export function createGetSlots(): GetSlots {
  /** API key → GETs under way. */
  const busy = new Map<string, number>();
  let gate: Promise<void> = Promise.resolve();

  return {
    async answer(request, serve) {
      if (request.method !== "GET") return serve();
      const apiKey = request.headers.access_token ?? "";
      const underWay = busy.get(apiKey) ?? 0;
      if (underWay >= CONCURRENT_GETS) return tooManyRequests();
      busy.set(apiKey, underWay + 1);
      await gate;
      busy.set(apiKey, (busy.get(apiKey) ?? 1) - 1);
      return serve();
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
  };
}
