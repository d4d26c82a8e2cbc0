import { answerApi } from "./asaas/api.ts";
import { type Control, createControl, createFinder } from "./asaas/control.ts";
import { answerControl } from "./asaas/control-routes.ts";
import { ASAAS_TIMEOUT_MS, startEventQueues } from "./asaas/event-queues.ts";
import { createGetSlots } from "./asaas/get-slots.ts";
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
  /** Lets every GET wait until the function that is returned is called. */
  holdGets(): () => void;
  /** Resolves when no event is on its way or waits for a retry; those of an interrupted webhook do not count. */
  idle(): Promise<void>;
}

/** Where running numbers (`nossoNumero`, customer ids, invoice numbers) begin. */
const FIRST_NUMBER = 5_000_000;

/**
 * The Asaas API under `/v3` for several accounts, and its webhooks: at least once, only 200 is a success, 15 failures in a row
 * interrupt a webhook. Without anticipations, splits, and cards that are charged by the call. Time does nothing by itself: a charge
 * turns OVERDUE through the sandbox call, and a subscription makes its next charge when `passCycle` says so.
 *
 * @see https://docs.asaas.com
 */
export async function startAsaas(options: AsaasOptions = {}): Promise<Asaas> {
  const { timeScale = 1, now = () => new Date(), rateLimit = QUOTA, seed = 1 } = options;
  const empty: { accounts: Account[]; lastNumber: number } = { accounts: [], lastNumber: FIRST_NUMBER };
  const { state, save } = openStateFile({ folder: options.stateDir, name: "asaas", empty });
  const { accounts } = state;
  // A state file may be from before there were subscriptions.
  for (const account of accounts) account.subscriptions ??= [];
  const courier = startCourier({ timeoutMs: options.webhookTimeoutMs ?? ASAAS_TIMEOUT_MS, seed });
  const queues = startEventQueues({ accounts, courier, timeScale, now, save });
  const context = () => ({ queues, now, baseUrl: standIn.url, nextNumber: () => ++state.lastNumber });
  const find = createFinder({ accounts, context });
  const control = createControl({ accounts, queues, find, save });
  const slots = createGetSlots();

  const standIn = await serve({
    port: options.port ?? 0,
    handle: async (request) => {
      const answer =
        answerChaos({ chaos: courier.chaos, request }) ??
        answerControl({ request, find }) ??
        (await slots.answer(request, () => answerApi({ request, accounts, rateLimit, context: context() })));
      save();
      return answer;
    },
  });
  return {
    ...standIn,
    ...control,
    chaos: courier.chaos,
    holdGets: slots.hold,
    idle: courier.idle,
    close: async () => {
      courier.close();
      await courier.idle();
      await standIn.close();
    },
  };
}
