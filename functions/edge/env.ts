import type { BoundWorker, GroupWorker } from "../../shared/trpc/caller.ts";

/**
 * What wrangler binds to the edge: the Workers behind it by service binding, the rest by secret. Needs no type of the runtime,
 * so the edge can be built outside it.
 */
export interface EdgeBindings {
  ACCOUNTS: GroupWorker;
  CRM: GroupWorker;
  FINANCE: GroupWorker;
  PATTERNS: GroupWorker;
  INGESTION: BoundWorker;
  WEBHOOKS: BoundWorker;
  SCHEDULER: BoundWorker;
  CLERK_JWT_KEY: string;
  CLERK_AUTHORIZED_PARTIES: string;
  UPSTASH_REDIS_REST_URL: string;
  UPSTASH_REDIS_REST_TOKEN: string;
  PUBLIC_URL: string;
}

export interface EdgeConfig {
  /** PEM of the key that signs Clerk's session tokens. */
  clerkJwtKey: string;
  /** Origins whose pages may hold a session (`azp`) and may call across origins. */
  authorizedParties: string[];
  redis: { url: string; token: string };
  /** Origin under which people reach the edge, without a trailing slash. */
  publicUrl: string;
}

/**
 * Reads the edge's configuration. By hand, because zod would be a third of the edge's bundle.
 *
 * @param env the Worker's `env`, or any record of strings.
 * @throws Error with one message that names every missing or malformed variable and never shows a value.
 */
export function readConfig(env: Readonly<Record<string, unknown>>): EdgeConfig {
  const problems: string[] = [];

  function read<T>(name: string, parse: (value: string) => T | undefined): T | undefined {
    const value = env[name];
    const given = typeof value === "string" ? value.trim() : "";
    const parsed = parse(given);
    if (parsed === undefined) problems.push(`${name} is ${given === "" ? "missing" : "malformed"}`);
    return parsed;
  }

  const clerkJwtKey = read("CLERK_JWT_KEY", parsePublicKey);
  const authorizedParties = read("CLERK_AUTHORIZED_PARTIES", parseOrigins);
  const redisUrl = read("UPSTASH_REDIS_REST_URL", parseUrl);
  const redisToken = read("UPSTASH_REDIS_REST_TOKEN", (value) => value || undefined);
  const publicUrl = read("PUBLIC_URL", parseOrigin);

  if (
    clerkJwtKey === undefined ||
    authorizedParties === undefined ||
    redisUrl === undefined ||
    redisToken === undefined ||
    publicUrl === undefined
  ) {
    throw new Error(`Configuration: ${problems.join(", ")}`);
  }
  return { clerkJwtKey, authorizedParties, redis: { url: redisUrl, token: redisToken }, publicUrl };
}

/** Secrets that pass through a one-line file carry `\n` as two characters. */
function parsePublicKey(value: string): string | undefined {
  const pem = value.replaceAll("\\n", "\n").trim();
  return /^-----BEGIN PUBLIC KEY-----\s[\w+/=\s]+-----END PUBLIC KEY-----$/.test(pem) ? pem : undefined;
}

function parseOrigins(value: string): string[] | undefined {
  const origins = value
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part) => parseOrigin(part.trim()));
  const valid = origins.filter((origin) => origin !== undefined);
  return valid.length > 0 && valid.length === origins.length ? valid : undefined;
}

function parseOrigin(value: string): string | undefined {
  const url = parseUrl(value);
  return url !== undefined && new URL(url).pathname === "/" ? new URL(url).origin : undefined;
}

function parseUrl(value: string): string | undefined {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) ? value : undefined;
}
