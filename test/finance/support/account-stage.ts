import { randomUUID } from "node:crypto";
import type { TRPCClient } from "@trpc/client";
import { openFinance } from "../../../functions/finance/open-finance.ts";
import type { createFinanceRouter } from "../../../functions/finance/router.ts";
import { receiveWebhook } from "../../../functions/webhooks/receive-webhook.ts";
import { createKeyring } from "../../../shared/db/sensitive.ts";
import type { JobName } from "../../../shared/jobs/catalog.ts";
import { serveJobs } from "../../../shared/jobs/serve-jobs.ts";
import { serveFetch } from "../../edge/support/serve-fetch.ts";
import type { Payment, PaymentEvent } from "../../local/asaas/wire.ts";
import { type Asaas, startAsaas } from "../../local/asaas.ts";
import type { Member, Platform } from "../../support/platform.ts";

export type FinanceClient = TRPCClient<ReturnType<typeof createFinanceRouter>>;

/** A webhook as Asaas shows it. */
export interface ShownWebhook {
  id: string;
  name: string;
  url: string;
  email: string;
  enabled: boolean;
  interrupted: boolean;
  sendType: string;
  hasAuthToken: boolean;
  penalizedRequestsCount: number;
  events: string[];
}

/** A practice that may connect its account. */
export interface Practice {
  mentoradoId: string;
  owner: Member;
  finance: FinanceClient;
  apiKey: string;
  /** Rings the pending job of this name, whatever its time. @returns the status of its answer; undefined when there is none. */
  run(name: JobName): Promise<number | undefined>;
  /** One run of the schedule that looks at webhooks. */
  check(): Promise<number | undefined>;
  /** Saves the account and registers its webhook. */
  connect(): Promise<ShownWebhook>;
  /** An hour, as far as this practice can tell. */
  letTimePass(): Promise<void>;
  webhooks(apiKey?: string): Promise<ShownWebhook[]>;
  /** Changes a webhook at Asaas behind our back. */
  changeWebhook(id: string, change: object): Promise<void>;
  removeWebhook(id: string): Promise<void>;
  /** A webhook of another system, in the same account. */
  addForeignWebhook(): Promise<void>;
  /** Something happens at Asaas. */
  announce(apiKey?: string): void;
  /** The provider's ids of what is in the inbox. */
  inbox(): Promise<string[]>;
  account(): Promise<Record<string, unknown>>;
  jobs(name: JobName): Promise<{ status: string; last_error: string | null; dedup_key: string }[]>;
}

/** Finance and the inbox behind one public address, and Asaas with the door that its webhooks come to. */
export interface Stage {
  asaas: Asaas;
  publicUrl: string;
  /** Answers instead of the inbox while it is set. */
  door: { answer: (() => Response | Promise<Response>) | undefined };
  newPractice(): Promise<Practice>;
  close(): Promise<void>;
}

export async function openStage(platform: Platform): Promise<Stage> {
  platform.qstash.chaos.drop = 1;
  const asaas = await startAsaas({ timeScale: 1_000_000 });
  const door: Stage["door"] = { answer: undefined };
  const webhooks = {
    kernel: platform.kernel("webhooks"),
    keyring: createKeyring(platform.env.ENCRYPTION_KEY ?? ""),
    clerkSigningSecret: platform.env.CLERK_WEBHOOK_SIGNING_SECRET ?? "",
    githubSecret: platform.env.GITHUB_WEBHOOK_SECRET ?? "",
    knownTokens: new Map<string, string>(),
  };
  const background = new Set<Promise<unknown>>();
  const receiver = await serveFetch(async (request) => {
    if (door.answer !== undefined) return door.answer();
    return receiveWebhook({ ...webhooks, request, waitUntil: (work) => void background.add(work.catch(() => undefined)) });
  });
  const finance = openFinance({ ...platform.env, PUBLIC_URL: receiver.url, ASAAS_API_URL: `${asaas.url}/v3` });
  const kernel = platform.kernel("finance");
  platform.mount("finance", (request, waitUntil) =>
    serveJobs<"finance">({ request, handlers: finance.handlers, kernel, waitUntil }),
  );
  return {
    asaas,
    publicUrl: receiver.url,
    door,
    newPractice: () => newPractice({ platform, asaas, finance, kernel }),
    async close() {
      await asaas.close();
      await receiver.close();
      await Promise.allSettled(background);
    },
  };
}

async function newPractice({
  platform,
  asaas,
  finance: { router },
  kernel,
}: {
  platform: Platform;
  asaas: Asaas;
  finance: ReturnType<typeof openFinance>;
  kernel: ReturnType<Platform["kernel"]>;
}): Promise<Practice> {
  const { query } = platform.database;
  const { id: mentoradoId } = await platform.createMentorado();
  const owner = await platform.createMember({ mentoradoId, role: "owner" });
  const finance = platform.client({ router, kernel, caller: platform.caller(owner) });
  const apiKey = `$aact_hmlg_${randomUUID()}`;
  asaas.createAccount({ apiKey, name: `Account of ${mentoradoId}` });

  async function call(method: string, path: string, key: string, body?: object): Promise<Response> {
    const response = await fetch(`${asaas.url}/v3${path}`, {
      method,
      headers: { access_token: key, "user-agent": "test", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(await response.text());
    return response;
  }
  async function ask<Value>(path: string, key: string): Promise<Value> {
    return (await (await call("GET", path, key)).json()) as Value;
  }
  const practice: Practice = {
    mentoradoId,
    owner,
    finance,
    apiKey,
    async run(name) {
      const [job] = await query<{ id: string }>(
        `update jobs set run_at = least(run_at, now()), lease_until = null where id = (
           select id from jobs where mentorado_id = $1 and name = $2 and status in ('pending', 'running') order by created_at, id limit 1)
         returning id`,
        [mentoradoId, name],
      );
      return job === undefined ? undefined : (await platform.ring(job.id)).status;
    },
    async check() {
      await query(
        `insert into jobs (id, mentorado_id, worker_group, name, dedup_key, payload, max_attempts, request_id)
         values (gen_random_uuid(), $1, 'finance', 'finance.check-webhooks', gen_random_uuid()::text,
           jsonb_build_object('slot', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), 3, 'check')`,
        [mentoradoId],
      );
      return practice.run("finance.check-webhooks");
    },
    async connect() {
      await finance.financial.account.save.mutate({ apiKey });
      await practice.letTimePass();
      await practice.run("finance.register-webhook");
      const [webhook] = await practice.webhooks();
      if (webhook === undefined) throw new Error("no webhook was registered");
      return webhook;
    },
    async letTimePass() {
      await query("update effects set updated_at = updated_at - interval '1 hour' where mentorado_id = $1", [mentoradoId]);
    },
    webhooks: async (key = apiKey) => (await ask<{ data: ShownWebhook[] }>("/webhooks", key)).data,
    changeWebhook: async (id, change) => void (await call("PUT", `/webhooks/${id}`, apiKey, change)),
    removeWebhook: async (id) => void (await call("DELETE", `/webhooks/${id}`, apiKey)),
    addForeignWebhook: async () =>
      void (await call("POST", "/webhooks", apiKey, {
        name: "Another system",
        url: "http://127.0.0.1:9/elsewhere",
        email: "elsewhere@example.com",
        authToken: "a-token-of-at-least-thirty-two-characters",
        sendType: "NON_SEQUENTIALLY",
        events: ["PAYMENT_DELETED"],
      })),
    announce(key = apiKey) {
      const event: PaymentEvent = "PAYMENT_CREATED";
      asaas.emit({ apiKey: key, event, payment: { object: "payment", id: `pay_${randomUUID()}` } as unknown as Payment });
    },
    async inbox() {
      const rows = await query<{ event_id: string }>("select event_id from webhook_events where mentorado_id = $1", [
        mentoradoId,
      ]);
      return rows.map(({ event_id }) => event_id);
    },
    async account() {
      const [row] = await query<Record<string, unknown>>("select * from provider_accounts where mentorado_id = $1", [
        mentoradoId,
      ]);
      if (row === undefined) throw new Error("no account");
      return row;
    },
    jobs: (name) =>
      query("select status, last_error, dedup_key from jobs where mentorado_id = $1 and name = $2 order by created_at, id", [
        mentoradoId,
        name,
      ]),
  };
  return practice;
}
