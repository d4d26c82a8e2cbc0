import { createAccountsJobs } from "../../../functions/accounts/jobs.ts";
import { createCrmRouter } from "../../../functions/crm/router.ts";
import { openFinance } from "../../../functions/finance/open-finance.ts";
import { runTick } from "../../../functions/scheduler/receive-tick.ts";
import { receiveWebhook } from "../../../functions/webhooks/receive-webhook.ts";
import { createKeyring, type KeyringSource } from "../../../shared/db/sensitive.ts";
import { serveJobs } from "../../../shared/jobs/serve-jobs.ts";
import { serveTrpc, TRPC_ENDPOINT } from "../../../shared/trpc/serve-trpc.ts";
import { type Asaas, startAsaas } from "../../local/asaas.ts";
import { signSvix } from "../../local/clerk/svix.ts";
import type { Message } from "../../local/qstash/message.ts";
import { signDelivery } from "../../local/qstash/sign.ts";
import type { Qstash } from "../../local/qstash.ts";
import { type Person, type Platform, startPlatform } from "../../support/platform.ts";
import type { Target, WaitUntil } from "./injector.ts";

/** Longer than any run: QStash keeps what it has accepted, and the driver delivers it, at once and in a known order. */
const HELD_MS = 3_600_000;
const JOB_DONE = [200, 489];

/** A platform whose Workers are run one invocation at a time, each in an isolate of its own that remembers nothing. */
export interface World {
  platform: Platform;
  asaas: Asaas;
  keyring: KeyringSource;
  /** Origin → what is behind it. */
  targets: ReadonlyMap<string, Target>;
  /** Takes out the messages that QStash has accepted about these jobs and events. */
  takeMail(subjects: readonly string[]): Message[];
  /** Each answers whether the sender was told that it need not come again. */
  receiveAsaasEvent(event: { accountRef: string; token: string; body: string }, waitUntil: WaitUntil): Promise<boolean>;
  receiveClerkEvent(event: { id: string; body: string }, waitUntil: WaitUntil): Promise<boolean>;
  deliver(message: Message, waitUntil: WaitUntil): Promise<boolean>;
  tick(at: Date): Promise<boolean>;
  convertLead(
    conversion: { owner: Person; mentoradoId: string; input: Record<string, unknown> },
    waitUntil: WaitUntil,
  ): Promise<boolean>;
  close(): Promise<void>;
}

export async function openWorld(): Promise<World> {
  const [platform, asaas] = await Promise.all([startPlatform(), startAsaas()]);
  platform.qstash.chaos.delayMs = HELD_MS;
  const env: Platform["env"] = { ...platform.env, ASAAS_API_URL: `${asaas.url}/v3` };
  const encryptionKey = env.ENCRYPTION_KEY ?? "";
  const mail = sortMail(platform.qstash);
  async function answerWebhook(request: Request, waitUntil: WaitUntil): Promise<boolean> {
    const { status } = await receiveWebhook({
      kernel: platform.kernel("webhooks"),
      keyring: createKeyring(encryptionKey),
      clerkSigningSecret: env.CLERK_WEBHOOK_SIGNING_SECRET ?? "",
      githubSecret: env.GITHUB_WEBHOOK_SECRET ?? "",
      knownTokens: new Map(),
      request,
      waitUntil,
    });
    return status === 200;
  }
  function openAccounts() {
    const kernel = platform.kernel("accounts");
    return { kernel, handlers: createAccountsJobs({ cache: kernel.cache }) };
  }
  return {
    platform,
    asaas,
    keyring: createKeyring(encryptionKey),
    targets: new Map<string, Target>([
      [new URL(platform.database.neonUrl).origin, "database"],
      [platform.redis.url, "cache"],
      [platform.qstash.url, "broker"],
      [asaas.url, "provider"],
    ]),
    takeMail: mail,
    receiveAsaasEvent({ accountRef, token, body }, waitUntil) {
      const headers = { "content-type": "application/json", "asaas-access-token": token };
      return answerWebhook(
        new Request(`${env.PUBLIC_URL}/webhooks/asaas/${accountRef}`, { method: "POST", headers, body }),
        waitUntil,
      );
    },
    receiveClerkEvent({ id, body }, waitUntil) {
      const secrets = [env.CLERK_WEBHOOK_SIGNING_SECRET ?? ""];
      const headers = signSvix({ id, timestampSeconds: Math.floor(Date.now() / 1_000), body, secrets });
      return answerWebhook(new Request(`${env.PUBLIC_URL}/webhooks/clerk`, { method: "POST", headers, body }), waitUntil);
    },
    async deliver(message, waitUntil) {
      const request = signed(message, env.QSTASH_CURRENT_SIGNING_KEY ?? "");
      if (message.url.includes("/jobs/webhooks/")) return answerWebhook(request, waitUntil);
      const { status } = message.url.includes("/jobs/accounts/")
        ? await serveJobs<"accounts">({ request, ...openAccounts(), waitUntil })
        : await serveJobs<"finance">({ request, ...openFinance(env), waitUntil });
      return JOB_DONE.includes(status);
    },
    async tick(at) {
      await runTick({ kernel: platform.kernel("scheduler"), at });
      return true;
    },
    async convertLead({ owner, mentoradoId, input }, waitUntil) {
      const request = new Request(`http://crm.test${TRPC_ENDPOINT}/leads.convert`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(input),
      });
      const router = createCrmRouter({ keyring: createKeyring(encryptionKey) });
      const caller = platform.caller(owner, { mentoradoId });
      const { status } = await serveTrpc({ request, caller, router, kernel: platform.kernel("crm"), waitUntil });
      return status === 200;
    },
    async close() {
      await platform.close();
      await asaas.close();
    },
  };
}

/** What QStash has accepted, by the job or the event that it is about. */
function sortMail(qstash: Qstash): World["takeMail"] {
  const bySubject = new Map<string, Message[]>();
  let seen = 0;
  return (subjects) => {
    const messages = qstash.messages();
    for (const message of messages.slice(seen)) {
      const { jobId, eventId = "" } = JSON.parse(Buffer.from(message.bodyBase64, "base64").toString()) as {
        jobId?: string;
        eventId?: string;
      };
      bySubject.set(jobId ?? eventId, [...(bySubject.get(jobId ?? eventId) ?? []), message]);
    }
    seen = messages.length;
    return subjects.flatMap((subject) => {
      const taken = bySubject.get(subject) ?? [];
      bySubject.delete(subject);
      return taken;
    });
  };
}

function signed({ url, bodyBase64 }: Message, key: string): Request {
  const body = Buffer.from(bodyBase64, "base64");
  const headers = { "upstash-signature": signDelivery({ key, url, body, nowMs: Date.now() }) };
  return new Request(url, { method: "POST", body, headers });
}
