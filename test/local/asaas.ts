import { answerApi } from "./asaas/api.ts";
import { type Control, createControl } from "./asaas/control.ts";
import { ASAAS_TIMEOUT_MS, startEventQueues } from "./asaas/event-queues.ts";
import { QUOTA, type RateLimit } from "./asaas/rate-limit.ts";
import type { Account } from "./asaas/wire.ts";
import { answerChaos, type Chaos, startCourier } from "./courier.ts";
import { type StandIn, serve } from "./http-server.ts";
import { openStateFile } from "./state-file.ts";

export interface AsaasOptions {
  /** 0 picks a free port. */
  port?: number;
  /** Divides every wait of the retry ladder. */
  timeScale?: number;
  /** Folder for accounts, charges and undelivered events; in memory alone when left out. */
  stateDir?: string;
  now?: () => Date;
  rateLimit?: RateLimit;
  /** How long the receiver of an event may take. */
  webhookTimeoutMs?: number;
  /** Of the generator behind `chaos`. */
  seed?: number;
}

/** `url` is the host: the API is under `${url}/v3`. */
export interface Asaas extends StandIn, Control {
  chaos: Chaos;
  /** Resolves when no event is on its way or waits for a retry; those of an interrupted webhook do not count. */
  idle(): Promise<void>;
}

/** Where running numbers (`nossoNumero`, customer ids, invoice numbers) begin. */
const FIRST_NUMBER = 5_000_000;

/**
 * The Asaas API under `/v3` for several accounts, and its webhooks: at least once, only 200 is a success, 15 failures in a row
 * interrupt a webhook. Without subscriptions and anticipations, and without the limit of 50 GETs at once. A charge turns
 * OVERDUE only through the sandbox call, never by itself.
 *
 * @see https://docs.asaas.com
 */
export async function startAsaas(options: AsaasOptions = {}): Promise<Asaas> {
  const { timeScale = 1, now = () => new Date(), rateLimit = QUOTA, seed = 1 } = options;
  const empty: { accounts: Account[]; lastNumber: number } = { accounts: [], lastNumber: FIRST_NUMBER };
  const { state, save } = openStateFile({ folder: options.stateDir, name: "asaas", empty });
  const { accounts } = state;
  const courier = startCourier({ timeoutMs: options.webhookTimeoutMs ?? ASAAS_TIMEOUT_MS, seed });
  const queues = startEventQueues({ accounts, courier, timeScale, now, save });
  const context = () => ({ queues, now, baseUrl: standIn.url, nextNumber: () => ++state.lastNumber });
  const { answerPayer, ...control } = createControl({ accounts, queues, context, save });

  const standIn = await serve({
    port: options.port ?? 0,
    handle: async (request) => {
      const answer =
        answerChaos({ chaos: courier.chaos, request }) ??
        answerPayer(request) ??
        answerApi({ request, accounts, rateLimit, context: context() });
      save();
      return answer;
    },
  });
  return {
    ...standIn,
    ...control,
    chaos: courier.chaos,
    idle: courier.idle,
    close: async () => {
      courier.close();
      await courier.idle();
      await standIn.close();
    },
  };
}
