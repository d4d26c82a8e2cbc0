import { expect } from "vitest";
import { type Asaas, type AsaasQuota, createAsaas } from "../../../functions/finance/outbound/asaas.ts";
import { createCache } from "../../../shared/cache/redis.ts";
import { ProviderError } from "../../../shared/outbound/provider-error.ts";
import { type AsaasOptions, type Asaas as AsaasStandIn, startAsaas } from "../../local/asaas.ts";
import { json, serve, type WireAnswer, type WireRequest } from "../../local/http-server.ts";
import { startRedis } from "../../local/redis.ts";
import { watchLog } from "./watch-log.ts";

const REDIS_TOKEN = "redis-token";
export const API_KEY = "$aact_hmlg_of_the_house";
export const TAX_ID = "52998224725";
export const TODAY = daysFromNow(0);
export const TOMORROW = daysFromNow(1);

export interface AsaasHouse {
  standIn: AsaasStandIn;
  /** A client of its own account, so that no test opens another's circuit; of the stand-in unless told otherwise. */
  open(options?: { baseUrl?: string; apiKey?: string; signal?: AbortSignal; onQuota?: (quota: AsaasQuota) => void }): Asaas;
  /** A provider that answers everything alike, and what it was asked. */
  answering(answer: WireAnswer, use: (client: Asaas, received: WireRequest[]) => Promise<void>): Promise<void>;
  /** A charge of a new customer that is due tomorrow. */
  bill(changes?: Partial<Parameters<Asaas["createPayment"]>[0]> & { client?: Asaas }): ReturnType<Asaas["createPayment"]>;
  close(): Promise<void>;
}

/** The stand-in with one account, and what a client of it needs. */
export async function openAsaasHouse(options: AsaasOptions = {}): Promise<AsaasHouse> {
  const [redis, standIn] = await Promise.all([startRedis({ token: REDIS_TOKEN }), startAsaas(options)]);
  const cache = createCache({ url: redis.url, token: REDIS_TOKEN });
  standIn.createAccount({ apiKey: API_KEY });
  const watch = watchLog();
  const open: AsaasHouse["open"] = ({ baseUrl = `${standIn.url}/v3`, apiKey = API_KEY, signal, onQuota } = {}) =>
    createAsaas({ baseUrl, apiKey, account: crypto.randomUUID(), cache, log: watch.log, signal, onQuota });
  return {
    standIn,
    open,
    async answering(answer, use) {
      const received: WireRequest[] = [];
      const server = await serve({
        handle: async (request) => {
          received.push(request);
          return answer;
        },
      });
      try {
        await use(open({ baseUrl: `${server.url}/v3` }), received);
      } finally {
        await server.close();
      }
    },
    async bill({ client = open(), ...changes } = {}) {
      return await client.createPayment({
        billingType: "pix",
        amountCents: 12_990,
        dueDate: TOMORROW,
        externalReference: crypto.randomUUID(),
        customerId: changes.customerId ?? (await newCustomer(client)),
        ...changes,
      });
    },
    async close() {
      watch.close();
      await Promise.all([redis.close(), standIn.close()]);
    },
  };
}

export async function newCustomer(client: Asaas): Promise<string> {
  const { id } = await client.createCustomer({ name: "Ana Lima", taxId: TAX_ID, externalReference: crypto.randomUUID() });
  return id;
}

/** What Asaas answers when it refuses. */
export function refusal(status: number, code: string, headers: Record<string, string> = {}): WireAnswer {
  return { ...json(status, { errors: [{ code, description: "Não" }] }), headers };
}

/** @returns the failure of a call that must fail. */
export async function failed(pending: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await pending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProviderError);
  return error as ProviderError;
}

/** `YYYY-MM-DD` in UTC. */
export function daysFromNow(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}
