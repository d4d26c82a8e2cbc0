import { randomUUID } from "node:crypto";
import { createTRPCClient, type HTTPLinkOptions, httpLink, type TRPCClient } from "@trpc/client";
import type { AnyRouter } from "@trpc/server";
import { v7 as uuidv7 } from "uuid";
import { vi } from "vitest";
import { createCache } from "../../shared/cache/redis.ts";
import type { Role } from "../../shared/db/schema/tenancy.ts";
import { jobPath, type WorkerGroup } from "../../shared/jobs/catalog.ts";
import { type Kernel, openKernel } from "../../shared/kernel.ts";
import type { Caller } from "../../shared/trpc/caller.ts";
import { serveTrpc, TRPC_ENDPOINT } from "../../shared/trpc/serve-trpc.ts";
import { serveFetch } from "../edge/support/serve-fetch.ts";
import type { StandIn } from "../local/http-server.ts";
import { signDelivery } from "../local/qstash/sign.ts";
import { type Qstash, startQstash } from "../local/qstash.ts";
import { startRedis } from "../local/redis.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";

const QSTASH = { token: "qstash-token", currentSigningKey: "sig_current", nextSigningKey: "sig_next" };
const REDIS_TOKEN = "redis-token";
/** A busy machine must not look like a Redis that is down; the real budget is tested with the cache itself. */
const REDIS_TIMEOUT_MS = 5_000;

export interface Person {
  userId: string;
  clerkUserId: string;
  /** Of the Clerk session that `caller` speaks with. */
  sessionId: string;
}

export interface Member extends Person {
  mentoradoId: string;
  membershipId: string;
}

export type WaitUntil = (work: Promise<unknown>) => void;

export interface Platform {
  database: TestDatabase;
  redis: StandIn & { flush(): Promise<void> };
  qstash: Qstash;
  /** Every variable that a group Worker may ask for. */
  env: Record<string, string>;
  /** A new isolate: the same services, and nothing in its memory. */
  kernel(worker: string): Kernel;
  createMentorado(options?: { timezone?: string }): Promise<{ id: string; clerkOrganizationId: string }>;
  createPerson(options?: { isAdmin?: boolean }): Promise<Person>;
  /** @param person joins one who exists; someone new when left out. */
  createMember(options: { mentoradoId: string; role: Role; person?: Person }): Promise<Member>;
  /** The caller that the edge makes of a request with this person's token. */
  caller(person: Person, headers?: { mentoradoId?: string; idempotencyKey?: string }): Caller;
  /** An ordinary tRPC client of one group, without the edge in between: each call is one request to `serveTrpc` with a copy of `caller`. */
  client<Router extends AnyRouter>(options: { router: Router; kernel: Kernel; caller: Caller }): TRPCClient<Router>;
  /** Lets a Worker's `fetch` answer `/jobs/<group>/…` at PUBLIC_URL. Until then QStash finds nobody there (503) and tries again later. */
  mount(group: WorkerGroup, fetch: (request: Request, waitUntil: WaitUntil) => Promise<Response>): void;
  /** Rings a staged job at its mounted group at once, signed as QStash does. */
  ring(jobId: string): Promise<Response>;
  /** Resolves when everything handed to `waitUntil` has ended. */
  settled(): Promise<void>;
  /** The log lines so far, parsed. */
  logs(): Record<string, unknown>[];
  close(): Promise<void>;
}

/** Postgres behind Neon's protocol, Redis and QStash, as a group Worker meets them; one for each test file, each test makes its own mentorado. */
export async function startPlatform(): Promise<Platform> {
  const written = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const [database, redis, qstash] = await Promise.all([
    createTestDatabase(),
    startRedis({ token: REDIS_TOKEN }),
    startQstash(QSTASH),
  ]);
  const background = startBackground();
  const groups = new Map<string, (request: Request) => Promise<Response>>();
  const door = await serveFetch((request) => {
    const group = groups.get(new URL(request.url).pathname.split("/")[2] ?? "");
    return group === undefined ? new Response(null, { status: 503 }) : group(request);
  });
  const env = {
    DATABASE_URL: database.databaseUrl,
    NEON_FETCH_ENDPOINT: database.neonUrl,
    PUBLIC_URL: door.url,
    QSTASH_URL: qstash.url,
    QSTASH_TOKEN: QSTASH.token,
    QSTASH_CURRENT_SIGNING_KEY: QSTASH.currentSigningKey,
    QSTASH_NEXT_SIGNING_KEY: QSTASH.nextSigningKey,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: REDIS_TOKEN,
    ENCRYPTION_KEY: `1:${Buffer.alloc(32, 7).toString("base64")}`,
    CLERK_WEBHOOK_SIGNING_SECRET: `whsec_${Buffer.alloc(24, 7).toString("base64")}`,
    ASAAS_API_URL: "http://127.0.0.1:9",
    GITHUB_API_URL: "http://127.0.0.1:9",
    GITHUB_APP_ID: "1",
    GITHUB_APP_PRIVATE_KEY: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    GITHUB_WEBHOOK_SECRET: "github-webhook-secret",
    ANTHROPIC_API_URL: "http://127.0.0.1:9",
    ANTHROPIC_API_KEY: "none",
  };
  return {
    database,
    redis,
    qstash,
    env,
    kernel: (worker) => ({
      ...openKernel({ env, worker }),
      cache: createCache({ url: redis.url, token: REDIS_TOKEN, timeoutMs: REDIS_TIMEOUT_MS }),
    }),
    ...createTenants(database),
    caller: ({ clerkUserId, sessionId }, { mentoradoId, idempotencyKey } = {}) => ({
      requestId: randomUUID(),
      identity: { kind: "user", clerkUserId, sessionId },
      ...(mentoradoId === undefined ? {} : { chosenMentorado: mentoradoId }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    }),
    client: (options) => createClient({ ...options, waitUntil: background.waitUntil }),
    mount: (group, fetch) => void groups.set(group, (request) => fetch(request, background.waitUntil)),
    ring: (jobId) => ring({ jobId, database, groups, publicUrl: door.url }),
    settled: background.settled,
    logs: () => written.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>),
    async close() {
      await background.settled();
      await qstash.close();
      await door.close();
      await redis.close();
      await database.close();
      written.mockRestore();
    },
  };
}

function startBackground(): { waitUntil: WaitUntil; settled(): Promise<void> } {
  const running = new Set<Promise<unknown>>();
  return {
    waitUntil: (work) => {
      running.add(work);
      const done = () => running.delete(work);
      work.then(done, done);
    },
    async settled() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

/** Rows are inserted as the owner of the database; `set_config` tells the audit trigger who acts. */
function createTenants({ query }: TestDatabase): Pick<Platform, "createMentorado" | "createPerson" | "createMember"> {
  const asSystem = "from set_config('app.actor_type', 'system', true)";
  async function createPerson({ isAdmin = false }: { isAdmin?: boolean } = {}): Promise<Person> {
    const userId = uuidv7();
    const clerkUserId = `user_${shortId()}`;
    await query(
      `insert into users (id, clerk_user_id, email, name, is_admin) select $1::uuid, $2, $3, $4, $5::boolean ${asSystem}`,
      [userId, clerkUserId, `${clerkUserId}@example.com`, `Person ${shortId()}`, isAdmin],
    );
    return { userId, clerkUserId, sessionId: `sess_${shortId()}` };
  }
  return {
    createPerson,
    async createMentorado({ timezone = "America/Sao_Paulo" } = {}) {
      const id = uuidv7();
      const clerkOrganizationId = `org_${shortId()}`;
      await query(
        `insert into mentorados (id, name, slug, timezone, clerk_organization_id) select $1::uuid, $2, $3, $4, $5 ${asSystem}`,
        [id, "Practice", `practice-${id}`, timezone, clerkOrganizationId],
      );
      return { id, clerkOrganizationId };
    },
    async createMember({ mentoradoId, role, person }) {
      const member = person ?? (await createPerson());
      const membershipId = uuidv7();
      await query(
        `insert into memberships (mentorado_id, id, user_id, role) select $1::uuid, $2::uuid, $3::uuid, $4 ${asSystem}`,
        [mentoradoId, membershipId, member.userId, role],
      );
      return { ...member, mentoradoId, membershipId };
    },
  };
}

function shortId(): string {
  return randomUUID().replaceAll("-", "");
}

function createClient<Router extends AnyRouter>({
  router,
  kernel,
  caller,
  waitUntil,
}: {
  router: Router;
  kernel: Kernel;
  caller: Caller;
  waitUntil: WaitUntil;
}): TRPCClient<Router> {
  const options = {
    url: `http://group.test${TRPC_ENDPOINT}`,
    // The runtime hands a copy over when one Worker calls another.
    fetch: (input: RequestInfo | URL | string, init?: RequestInit) =>
      serveTrpc({ request: new Request(input, init), caller: structuredClone(caller), router, kernel, waitUntil }),
  };
  return createTRPCClient<Router>({
    links: [httpLink(options as unknown as HTTPLinkOptions<Router["_def"]["_config"]["$types"]>)],
  });
}

async function ring({
  jobId,
  database,
  groups,
  publicUrl,
}: {
  jobId: string;
  database: TestDatabase;
  groups: Map<string, (request: Request) => Promise<Response>>;
  publicUrl: string;
}): Promise<Response> {
  const [job] = await database.query<{ name: string; worker_group: string }>(
    "select name, worker_group from jobs where id = $1",
    [jobId],
  );
  const group = groups.get(job?.worker_group ?? "");
  if (job === undefined || group === undefined) throw new Error(`no job ${jobId} of a mounted group`);
  const url = `${publicUrl}${jobPath(job.name)}`;
  const body = JSON.stringify({ jobId });
  const signature = signDelivery({ key: QSTASH.currentSigningKey, url, body: Buffer.from(body), nowMs: Date.now() });
  return group(new Request(url, { method: "POST", body, headers: { "upstash-signature": signature } }));
}
