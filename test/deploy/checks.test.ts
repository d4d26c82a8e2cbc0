import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../functions/edge/env.ts";
import { DEFAULTS, parseConfig } from "../../shared/config/config.ts";
import { buildWorker, judgeBundle } from "../../shared/deploy/build-worker.ts";
import { checkCompatibility, readRuntimeDate } from "../../shared/deploy/check-compatibility.ts";
import { checkConfiguration, requiredVariables } from "../../shared/deploy/check-configuration.ts";
import { orderWorkers } from "../../shared/deploy/order-workers.ts";
import { readWorkers } from "../../shared/deploy/read-workers.ts";
import { waitUntilHealthy } from "../../shared/deploy/wait-until-healthy.ts";
import { generateKeyPair } from "../local/clerk/sign-token.ts";
import { json, serve } from "../local/http-server.ts";
import { ROOT } from "../rules/read-sources.ts";

const WORKERS = readWorkers(ROOT);

const COMPLETE: Record<string, string> = {
  ANTHROPIC_API_KEY: "sk-ant-secret",
  ANTHROPIC_API_URL: "https://api.anthropic.com",
  ASAAS_API_URL: "https://api.asaas.com/v3",
  CLERK_AUTHORIZED_PARTIES: "https://console.example.com,https://example.com",
  CLERK_JWT_KEY: generateKeyPair().publicPem,
  CLERK_WEBHOOK_SIGNING_SECRET: "whsec_c2VjcmV0",
  CLOUDFLARE_ACCOUNT_ID: "0123456789abcdef0123456789abcdef",
  CLOUDFLARE_API_TOKEN: "abcdefghijklmnopqrstuvwxyz",
  DATABASE_URL: "postgres://guilda:secret@ep-calm-sea-123-pooler.sa-east-1.aws.neon.tech/guilda?sslmode=require",
  ENCRYPTION_KEY: `1:${Buffer.alloc(32).toString("base64")}`,
  GITHUB_API_URL: "https://api.github.com",
  GITHUB_APP_ID: "123456",
  GITHUB_APP_PRIVATE_KEY: rsaPrivatePem(),
  GITHUB_WEBHOOK_SECRET: "secret",
  PUBLIC_URL: "https://api.example.com",
  QSTASH_CURRENT_SIGNING_KEY: "sig_a",
  QSTASH_NEXT_SIGNING_KEY: "sig_b",
  QSTASH_TOKEN: "token",
  QSTASH_URL: "https://qstash.upstash.io",
  UPSTASH_REDIS_REST_TOKEN: "token",
  UPSTASH_REDIS_REST_URL: "https://eu1-calm-sea.upstash.io",
};

function rsaPrivatePem(): string {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return privateKey;
}

function problems(changes: Record<string, string | undefined>): string[] {
  return checkConfiguration({ workers: WORKERS, environment: { ...COMPLETE, ...changes } });
}

describe("the configuration of a deploy", () => {
  it("is complete with what the Workers require and an account", () => {
    expect(requiredVariables(WORKERS)).toEqual(Object.keys(COMPLETE).sort());
    expect(problems({})).toEqual([]);
  });

  it("does without what is optional, for which a Worker gets a word that stands for nothing", () => {
    expect(problems({ ANTHROPIC_API_KEY: undefined, ANTHROPIC_API_URL: "" })).toEqual([]);
    expect(problems({ ANTHROPIC_API_URL: "nowhere" })).toEqual(["ANTHROPIC_API_URL is malformed"]);
    const { ANTHROPIC_API_KEY, ANTHROPIC_API_URL } = parseConfig(DEFAULTS, ["ANTHROPIC_API_KEY", "ANTHROPIC_API_URL"]);
    expect([ANTHROPIC_API_KEY, ANTHROPIC_API_URL]).toEqual([undefined, "https://api.anthropic.com"]);
  });

  it("is explained, variable by variable", () => {
    const page = readFileSync(join(ROOT, "docs/deploy.md"), "utf8");
    expect(requiredVariables(WORKERS).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it("names everything that is missing or malformed at once, and shows no value", () => {
    const found = problems({
      DATABASE_URL: undefined,
      ENCRYPTION_KEY: "hunter2",
      CLERK_JWT_KEY: "  ",
      CLOUDFLARE_ACCOUNT_ID: "mine",
      QSTASH_URL: "qstash",
    });
    expect(found).toEqual([
      "CLERK_JWT_KEY is missing",
      "CLOUDFLARE_ACCOUNT_ID is malformed",
      "DATABASE_URL is missing",
      "ENCRYPTION_KEY is malformed",
      "QSTASH_URL is malformed",
    ]);
  });

  it("refuses addresses that only this machine reaches", () => {
    for (const host of ["localhost:5432", "127.0.0.1:5432", "[::1]:5432", "10.0.0.4", "192.168.1.9", "db.local"]) {
      expect(problems({ DATABASE_URL: `postgres://guilda:secret@${host}/guilda` }), host).toEqual([
        "DATABASE_URL is an address of this machine",
      ]);
    }
    expect(problems({ CLERK_AUTHORIZED_PARTIES: "https://example.com,http://localhost:8787" })).toEqual([
      "CLERK_AUTHORIZED_PARTIES is an address of this machine",
    ]);
    expect(problems({ NEON_FETCH_ENDPOINT: "http://127.0.0.1:4444/sql" })).toEqual([
      "NEON_FETCH_ENDPOINT is for a local database only: unset it",
    ]);
  });

  it("wants the public address over https", () => {
    expect(problems({ PUBLIC_URL: "http://api.example.com" })).toEqual(["PUBLIC_URL is not an https address"]);
  });

  it.each([
    ["CLERK_JWT_KEY", COMPLETE.CLERK_JWT_KEY ?? ""],
    ["CLERK_JWT_KEY", (COMPLETE.CLERK_JWT_KEY ?? "").replaceAll("\n", "\\n")],
    ["CLERK_JWT_KEY", "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"],
    ["CLERK_JWT_KEY", "no key"],
    ["CLERK_AUTHORIZED_PARTIES", "https://example.com"],
    ["CLERK_AUTHORIZED_PARTIES", "https://example.com/, https://b.example.com:8443"],
    ["CLERK_AUTHORIZED_PARTIES", "example.com"],
    ["CLERK_AUTHORIZED_PARTIES", "https://example.com/console"],
  ])("judges %s as the edge does (%#)", (name, value) => {
    const isAccepted = problems({ [name]: value }).length === 0;
    expect(isAccepted).toBe(acceptsAtEdge({ ...COMPLETE, [name]: value }));
  });
});

type Node = Parameters<typeof orderWorkers>[0][number];

describe("the order of a deploy", () => {
  it("puts each Worker after those it binds to, and Workers of one depth by name", () => {
    const workers: Node[] = [
      { name: "edge", services: { A: "a", B: "b" } },
      { name: "b", services: {} },
      { name: "a", services: { C: "c" } },
      { name: "c", services: {} },
    ];
    expect(orderWorkers(workers).map(({ name }) => name)).toEqual(["b", "c", "a", "edge"]);
  });

  it("does not exist for a circle, or for a binding that leads nowhere", () => {
    const circle: Node[] = [
      { name: "a", services: { B: "b" } },
      { name: "b", services: { A: "a" } },
    ];
    expect(() => orderWorkers(circle)).toThrow("a → b → a");
    expect(() => orderWorkers([{ name: "a", services: { X: "x" } }])).toThrow("a binds to x, which no wrangler.toml declares");
  });
});

describe("compatibility dates", () => {
  const at = (date: string) => WORKERS.map(({ name }) => ({ name, compatibilityDate: date }));

  it("are those of the repository and known to the installed workerd", () => {
    expect(readRuntimeDate(ROOT)).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(checkCompatibility({ workers: WORKERS, runtimeDate: readRuntimeDate(ROOT) })).toEqual([]);
  });

  it("may neither differ nor lie in the future of the installed workerd", () => {
    expect(
      checkCompatibility({
        workers: [...at("2026-11-01"), { name: "x", compatibilityDate: "2026-10-01" }],
        runtimeDate: "2026-11-02",
      }),
    ).toEqual(["compatibility dates differ: 2026-10-01, 2026-11-01"]);
    expect(checkCompatibility({ workers: at("2026-11-03"), runtimeDate: "2026-11-02" })).toEqual([
      "compatibility date 2026-11-03 is later than the installed workerd (2026-11-02), so nothing was tested with it",
    ]);
  });
});

describe("what is built", () => {
  let folder: string;
  beforeAll(() => {
    // Inside the repository, so that it finds its packages.
    folder = mkdtempSync(join(ROOT, "node_modules/.guilda-test-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is refused when it is over its budget after gzip, or needs what a Worker does not have", { timeout: 60_000 }, async () => {
    const config = join(folder, "wrangler.toml");
    writeFileSync(config, 'name = "guilda-heavy"\nmain = "worker.ts"\ncompatibility_date = "2026-11-01"\n');
    const ballast = randomBytes(250 * 1_024).toString("base64");
    writeFileSync(
      join(folder, "worker.ts"),
      `import { readFileSync } from "node:fs";\nconst ballast = "${ballast}";\nexport default { fetch: () => new Response(ballast + readFileSync) };\n`,
    );
    const { problems, gzipBytes, budgetBytes, startupMs } = await buildWorker({
      root: ROOT,
      worker: { name: "guilda-heavy", group: "heavy", config, isPublic: false },
      folder,
    }).catch((error: Error) => ({ problems: [error.message], gzipBytes: 0, budgetBytes: 0, startupMs: 0 }));
    expect(problems).toEqual([
      "is 251.3 KiB after gzip, over its budget of 200.0 KiB",
      "needs node:fs, which a Worker does not have",
    ]);
    expect(gzipBytes).toBeGreaterThan(budgetBytes);
    expect(startupMs).toBeGreaterThan(0);
  });

  it("may import what the platform gives", () => {
    expect(judgeBundle({ gzipBytes: 100, budgetBytes: 100, imports: ["cloudflare:workers"] })).toEqual([]);
    expect(judgeBundle({ gzipBytes: 101, budgetBytes: 100, imports: [] })).toHaveLength(1);
  });
});

describe("the question for health", () => {
  it("is asked again until everything answers", async () => {
    const edge = await serve({ handle: async () => json(200, { data: null, error: null }) });
    edge.faults.push({ kind: "status", status: 503, times: 1 }, { kind: "reset-before", times: 1 });
    await waitUntilHealthy({ publicUrl: edge.url, timeoutMs: 5_000, intervalMs: 1 });
    expect(edge.faults).toEqual([]);
    await edge.close();
  });

  it("is given up in time, with what was down", async () => {
    const edge = await serve({
      handle: async () => json(503, { data: { workers: { crm: "down" } }, error: { code: "UNAVAILABLE" } }),
    });
    await expect(waitUntilHealthy({ publicUrl: edge.url, timeoutMs: 20, intervalMs: 5 })).rejects.toThrow('"crm":"down"');
    await edge.close();
  });
});

function acceptsAtEdge(env: Record<string, string>): boolean {
  try {
    readConfig(env);
    return true;
  } catch {
    return false;
  }
}
