import { expect, test } from "vitest";
import { readConfig } from "../../functions/edge/env.ts";
import { generateKeyPair } from "../local/clerk/sign-token.ts";

const { publicPem } = generateKeyPair();
const complete = {
  CLERK_JWT_KEY: publicPem,
  CLERK_AUTHORIZED_PARTIES: "https://console.guilda.test, http://localhost:8787/",
  UPSTASH_REDIS_REST_URL: "https://redis.test",
  UPSTASH_REDIS_REST_TOKEN: "token",
  PUBLIC_URL: "https://api.guilda.test/",
};

test("a complete environment is read, origins without their slash", () => {
  expect(readConfig(complete)).toEqual({
    clerkJwtKey: publicPem.trim(),
    authorizedParties: ["https://console.guilda.test", "http://localhost:8787"],
    redis: { url: "https://redis.test", token: "token" },
    publicUrl: "https://api.guilda.test",
  });
});

test("a key that was written on one line is read as well", () => {
  expect(readConfig({ ...complete, CLERK_JWT_KEY: publicPem.replaceAll("\n", "\\n") }).clerkJwtKey).toBe(publicPem.trim());
});

test("one message names everything that is missing or malformed, and no value", () => {
  const env = {
    CLERK_JWT_KEY: "secret-key",
    CLERK_AUTHORIZED_PARTIES: "*",
    UPSTASH_REDIS_REST_URL: "redis://secret",
    UPSTASH_REDIS_REST_TOKEN: " ",
  };
  expect(() => readConfig(env)).toThrow(
    new Error(
      "Configuration: CLERK_JWT_KEY is malformed, CLERK_AUTHORIZED_PARTIES is malformed, UPSTASH_REDIS_REST_URL is malformed, " +
        "UPSTASH_REDIS_REST_TOKEN is missing, PUBLIC_URL is missing",
    ),
  );
});

test.each([
  ["CLERK_AUTHORIZED_PARTIES", ","],
  ["CLERK_AUTHORIZED_PARTIES", "https://a.test,b.test"],
  ["CLERK_AUTHORIZED_PARTIES", "https://a.test/path"],
  ["PUBLIC_URL", "https://a.test/path"],
  ["PUBLIC_URL", "ftp://a.test"],
  ["CLERK_JWT_KEY", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"],
])("%s may not be %j", (name, value) => {
  expect(() => readConfig({ ...complete, [name]: value })).toThrow(`Configuration: ${name} is malformed`);
});
