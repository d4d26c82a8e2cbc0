import { afterEach, expect, test, vi } from "vitest";
import type { EdgeBindings } from "../../functions/edge/env.ts";
import worker from "../../functions/edge/worker.ts";
import { generateKeyPair } from "../local/clerk/sign-token.ts";
import { createGate, createGroups } from "./support/group-workers.ts";

const groups = createGroups({ gate: createGate() });
const bindings = {
  ACCOUNTS: groups.accounts,
  CRM: groups.crm,
  FINANCE: groups.finance,
  PATTERNS: groups.patterns,
  INGESTION: groups.ingestion,
  WEBHOOKS: groups.webhooks,
  SCHEDULER: groups.scheduler,
};
const live = () => new Request("https://api.guilda.test/health/live");

afterEach(() => vi.restoreAllMocks());

test("without its configuration the edge refuses everything, and the log names all that is missing", async () => {
  const written = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const response = await worker.fetch(live(), { ...bindings, PUBLIC_URL: "https://api.guilda.test" } as unknown as EdgeBindings);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ data: null, error: { code: "UNAVAILABLE" } });
  expect(written.mock.calls.flat().join()).toMatch(
    /"event":"configuration.refused".*CLERK_JWT_KEY is missing, CLERK_AUTHORIZED_PARTIES is missing, UPSTASH_REDIS_REST_URL is missing/,
  );
});

test("once it is there, the next request is served", async () => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  const env: EdgeBindings = {
    ...bindings,
    CLERK_JWT_KEY: generateKeyPair().publicPem,
    CLERK_AUTHORIZED_PARTIES: "https://console.guilda.test",
    UPSTASH_REDIS_REST_URL: "http://127.0.0.1:9",
    UPSTASH_REDIS_REST_TOKEN: "token",
    PUBLIC_URL: "https://api.guilda.test",
  };
  expect((await worker.fetch(live(), env)).status).toBe(200);
  expect((await worker.fetch(new Request("https://api.guilda.test/webhooks/x"), env)).status).toBe(202);
});
