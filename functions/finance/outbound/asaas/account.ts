import * as z from "zod";
import { orNull, textOrNull } from "../../events/asaas-reading.ts";
import { type AsaasClient, idPart, listOf, MAX_PAGE } from "./client.ts";
import type { AsaasEventName } from "./events.ts";

export interface AsaasAccount {
  /** Asaas' own word: `APPROVED` when the account may take money. */
  status: string;
  name: string | null;
}

export interface AsaasWebhook {
  id: string;
  url: string;
  isEnabled: boolean;
  /** Asaas has stopped sending after 15 failures in a row; it keeps events for 14 days. */
  isInterrupted: boolean;
  /** Failures in a row; null while Asaas does not say. */
  penalizedRequestsCount: number | null;
  /** Asaas' own words. */
  events: string[];
}

export interface AccountCalls {
  /** The cheapest call that proves a key: a wrong one is refused with provider status 401. */
  getAccount(): Promise<AsaasAccount>;
  /** All of them: Asaas allows ten for an account. */
  listWebhooks(): Promise<AsaasWebhook[]>;
  /** The same URL may be registered twice, so look it up with `listWebhooks` before and after a failure. */
  createWebhook(input: {
    name: string;
    url: string;
    /** Where Asaas complains when the webhook fails. */
    email: string;
    /** 32 to 255 characters, sent with each event in `asaas-access-token`. */
    authToken: string;
    events: readonly AsaasEventName[];
    /** In the order of the events, each waiting for the one before; or at once, in any order. */
    sendType: "SEQUENTIALLY" | "NON_SEQUENTIALLY";
  }): Promise<AsaasWebhook>;
  /** Changes what is given and leaves the rest; `interrupted: false` sets a stopped queue going again. */
  updateWebhook(input: {
    id: string;
    interrupted?: boolean | undefined;
    enabled?: boolean | undefined;
    authToken?: string | undefined;
    url?: string | undefined;
    events?: readonly AsaasEventName[] | undefined;
  }): Promise<AsaasWebhook>;
  /** Removes a webhook and the events that wait in it; one that is not there is done. */
  deleteWebhook(id: string): Promise<void>;
}

export function accountCalls({ read, post, put, remove }: AsaasClient): AccountCalls {
  return {
    getAccount: () => read({ operation: "getAccount", path: "/myAccount/commercialInfo", answer: accountAnswer }),
    async listWebhooks() {
      const query = { limit: String(MAX_PAGE) };
      const { data } = await read({ operation: "listWebhooks", path: "/webhooks", query, answer: listOf(webhookAnswer) });
      return data;
    },
    createWebhook({ name, url, email, authToken, events, sendType }) {
      const state = { enabled: true, interrupted: false, apiVersion: 3 };
      const body = { name, url, email, authToken, events, sendType, ...state };
      return post({ operation: "createWebhook", path: "/webhooks", body, answer: webhookAnswer });
    },
    updateWebhook: ({ id, interrupted, enabled, authToken, url, events }) =>
      put({
        operation: "updateWebhook",
        path: pathOf(id),
        body: { interrupted, enabled, authToken, url, events },
        answer: webhookAnswer,
      }),
    deleteWebhook: (id) =>
      remove({ operation: "deleteWebhook", path: pathOf(id), isRemoved: async (refusal) => refusal.providerStatus === 404 }),
  };
}

function pathOf(id: string): string {
  return `/webhooks/${idPart(id)}`;
}

const accountAnswer = z
  .looseObject({ status: z.string(), name: textOrNull, companyName: textOrNull })
  .transform(({ status, name, companyName }): AsaasAccount => ({ status, name: name ?? companyName }));

const webhookAnswer = z
  .looseObject({
    id: z.string(),
    url: z.string(),
    enabled: z.boolean(),
    interrupted: z.boolean(),
    penalizedRequestsCount: orNull(z.int()),
    events: orNull(z.array(z.string())),
  })
  .transform(
    ({ id, url, enabled, interrupted, penalizedRequestsCount, events }): AsaasWebhook => ({
      id,
      url,
      isEnabled: enabled,
      isInterrupted: interrupted,
      penalizedRequestsCount,
      events: events ?? [],
    }),
  );
