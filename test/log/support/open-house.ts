import { createAccountsJobs } from "../../../functions/accounts/jobs.ts";
import { accountsRouter } from "../../../functions/accounts/router.ts";
import { createCrmRouter } from "../../../functions/crm/router.ts";
import { createEdge, type Edge } from "../../../functions/edge/app.ts";
import { openFinance } from "../../../functions/finance/open-finance.ts";
import { openIngestion } from "../../../functions/ingestion/open-ingestion.ts";
import { createPatternsJobs } from "../../../functions/patterns/jobs.ts";
import { patternsRouter } from "../../../functions/patterns/router.ts";
import { receiveTick } from "../../../functions/scheduler/receive-tick.ts";
import { receiveWebhook } from "../../../functions/webhooks/receive-webhook.ts";
import { createKeyring } from "../../../shared/db/sensitive.ts";
import { serveJobs } from "../../../shared/jobs/serve-jobs.ts";
import { checkReadiness, type Kernel } from "../../../shared/kernel.ts";
import { createLogger } from "../../../shared/log/logger.ts";
import { serveTrpc } from "../../../shared/trpc/serve-trpc.ts";
import { type Asaas, startAsaas } from "../../local/asaas.ts";
import { generateKeyPair, signToken } from "../../local/clerk/sign-token.ts";
import { type Person, type Platform, startPlatform, type WaitUntil } from "../../support/platform.ts";

const ORIGIN = "https://console.guilda.test";

/** Every Worker, put together as the bindings put them together, in one process. */
export interface House {
  platform: Platform;
  asaas: Asaas;
  edge: Edge;
  /** @returns a session token of Clerk for this person. */
  tokenOf(person: Person): string;
  /** Rings a job through the edge. */
  ring: Platform["ring"];
  close(): Promise<void>;
}

export async function openHouse(): Promise<House> {
  const [platform, asaas] = await Promise.all([startPlatform(), startAsaas()]);
  const env: Record<string, string> = { ...platform.env, ASAAS_API_URL: `${asaas.url}/v3` };
  const keyring = createKeyring(env.ENCRYPTION_KEY ?? "");
  const background = new Set<Promise<unknown>>();
  const waitUntil: WaitUntil = (work) => void background.add(work.catch(() => undefined));
  const kernels = {
    accounts: platform.kernel("accounts"),
    crm: platform.kernel("crm"),
    patterns: platform.kernel("patterns"),
    webhooks: platform.kernel("webhooks"),
  };
  const finance = openFinance(env);
  const ingestion = openIngestion(env);
  const accountsJobs = createAccountsJobs({ cache: kernels.accounts.cache });
  const crmRouter = createCrmRouter({ keyring });
  const clerkSigningSecret = env.CLERK_WEBHOOK_SIGNING_SECRET ?? "";
  const githubSecret = env.GITHUB_WEBHOOK_SECRET ?? "";
  const webhooks = {
    kernel: kernels.webhooks,
    keyring,
    clerkSigningSecret,
    githubSecret,
    knownTokens: new Map<string, string>(),
  };
  const scheduler = platform.kernel("scheduler");
  const ready = (kernel: Kernel) => () => checkReadiness(kernel);
  const keyPair = generateKeyPair();
  const edge = createEdge({
    config: {
      clerkJwtKey: keyPair.publicPem,
      authorizedParties: [ORIGIN],
      redis: { url: env.UPSTASH_REDIS_REST_URL ?? "", token: env.UPSTASH_REDIS_REST_TOKEN ?? "" },
      publicUrl: env.PUBLIC_URL ?? "",
    },
    groups: {
      accounts: {
        trpc: (request, caller) => serveTrpc({ request, caller, router: accountsRouter, kernel: kernels.accounts, waitUntil }),
        fetch: (request) => serveJobs<"accounts">({ request, handlers: accountsJobs, kernel: kernels.accounts, waitUntil }),
        ready: ready(kernels.accounts),
      },
      crm: {
        trpc: (request, caller) => serveTrpc({ request, caller, router: crmRouter, kernel: kernels.crm, waitUntil }),
        fetch: async () => new Response(null, { status: 404 }),
        ready: ready(kernels.crm),
      },
      finance: {
        trpc: (request, caller) => serveTrpc({ request, caller, ...finance, waitUntil }),
        fetch: (request) => serveJobs<"finance">({ request, ...finance, waitUntil }),
        ready: ready(finance.kernel),
      },
      patterns: {
        trpc: (request, caller) => serveTrpc({ request, caller, router: patternsRouter, kernel: kernels.patterns, waitUntil }),
        fetch: (request) =>
          serveJobs<"patterns">({
            request,
            handlers: createPatternsJobs({ model: undefined }),
            kernel: kernels.patterns,
            waitUntil,
          }),
        ready: ready(kernels.patterns),
      },
      ingestion: {
        fetch: (request) => serveJobs<"ingestion">({ request, ...ingestion, waitUntil }),
        ready: ready(ingestion.kernel),
      },
      webhooks: { fetch: (request) => receiveWebhook({ ...webhooks, request, waitUntil }), ready: ready(kernels.webhooks) },
      scheduler: { fetch: (request) => receiveTick({ request, kernel: scheduler }), ready: ready(scheduler) },
    },
    log: createLogger({ worker: "edge" }),
    now: () => Date.now(),
    newId: () => crypto.randomUUID(),
  });
  for (const group of ["accounts", "finance", "patterns"] as const) platform.mount(group, async (request) => edge.fetch(request));
  return {
    platform,
    asaas,
    edge,
    tokenOf({ clerkUserId, sessionId }) {
      const now = Math.floor(Date.now() / 1_000);
      const claims = {
        azp: ORIGIN,
        iss: "https://clerk.test",
        sub: clerkUserId,
        sid: sessionId,
        iat: now,
        nbf: now - 5,
        exp: now + 300,
        v: 2,
      };
      return signToken({ keyPair, keyId: "ins_test", claims });
    },
    ring: platform.ring,
    async close() {
      await Promise.allSettled(background);
      await asaas.close();
      await platform.close();
    },
  };
}
