import { createTRPCClient, type TRPCLink } from "@trpc/client";
import { vi } from "vitest";
import { createEdge } from "../../../functions/edge/app.ts";
import { createLogger } from "../../../shared/log/logger.ts";
import { generateKeyPair, type KeyPair, signToken, type TokenOverrides } from "../../local/clerk/sign-token.ts";
import type { StandIn } from "../../local/http-server.ts";
import { startRedis } from "../../local/redis.ts";
import { createGate, createGroups, type Gate, type TestRouter } from "./group-workers.ts";
import { serveFetch } from "./serve-fetch.ts";

export const CONSOLE_ORIGIN = "https://console.guilda.test";
export const PUBLIC_URL = "https://api.guilda.test";
const REDIS_TOKEN = "redis-token";

/** Slow to make, and every edge of the tests may share it. */
const keyPair: KeyPair = generateKeyPair();

export interface TestEdge {
  url: string;
  trpcUrl: string;
  /** The same Worker without HTTP in between, for requests that no HTTP client can send. */
  fetch(request: Request): Promise<Response>;
  groups: ReturnType<typeof createGroups>;
  gate: Gate;
  redis: StandIn;
  /** The log lines so far, parsed. */
  logs(): Record<string, unknown>[];
  close(): Promise<void>;
}

/** An edge Worker over HTTP, with a Redis stand-in and real tRPC servers as its groups. */
export async function startEdge({
  replace = {},
  now = () => Date.now(),
}: {
  replace?: Parameters<typeof createGroups>[0]["replace"];
  now?: () => number;
} = {}): Promise<TestEdge> {
  const redis = await startRedis({ token: REDIS_TOKEN });
  const gate = createGate();
  const groups = createGroups({ gate, replace });
  const written = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const edge = createEdge({
    config: {
      clerkJwtKey: keyPair.publicPem,
      authorizedParties: [CONSOLE_ORIGIN],
      redis: { url: redis.url, token: REDIS_TOKEN },
      publicUrl: PUBLIC_URL,
    },
    groups,
    log: createLogger({ worker: "edge" }),
    now,
    newId: () => crypto.randomUUID(),
  });
  const server = await serveFetch((request) => edge.fetch(request));
  return {
    url: server.url,
    trpcUrl: `${server.url}/api/trpc`,
    fetch: async (request) => edge.fetch(request),
    groups,
    gate,
    redis,
    logs: () => written.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>),
    async close() {
      gate.open.resolve();
      await server.close();
      await redis.close();
      written.mockRestore();
    },
  };
}

/** @returns a client as anyone would make it, with the given link alone. */
export function createClient(link: TRPCLink<TestRouter>) {
  return createTRPCClient<TestRouter>({ links: [link] });
}

/** @returns a session token of `user`; `claims` replace defaults, undefined removes one. */
export function mintToken({
  user = "user_ana",
  ttlSeconds = 60,
  claims = {},
  overrides = {},
}: {
  user?: string;
  ttlSeconds?: number;
  claims?: Record<string, unknown>;
  overrides?: TokenOverrides;
} = {}): string {
  const issuedAt = Math.floor(Date.now() / 1_000);
  const defaults = {
    azp: CONSOLE_ORIGIN,
    iss: "https://guilda.clerk.accounts.test",
    sub: user,
    sid: `sess_of_${user}`,
    iat: issuedAt,
    nbf: issuedAt - 10,
    exp: issuedAt + ttlSeconds,
    v: 2,
  };
  return signToken({ keyPair, keyId: "ins_test", claims: { ...defaults, ...claims }, overrides });
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}
