import { sql } from "drizzle-orm";
import type { Cache } from "../cache/redis.ts";
import type { Connection } from "../db/connect.ts";
import { toAppError } from "../db/database-error.ts";
import type { Role } from "../db/schema/tenancy.ts";
import { UnauthorizedError, UnavailableError } from "../errors/app-error.ts";
import type { Logger } from "../log/logger.ts";
import type { UserIdentity } from "./caller.ts";

const ISOLATE_TTL_MS = 10_000;
const ISOLATE_MAX_ENTRIES = 500;
/** At once, per isolate: with Redis gone, sign-ins must not starve the database. */
const MAX_LOOK_UPS = 50;
const CACHE_TTL_S = 300;
/** Longer than the longest life of a session token (60 s), with room for skewed clocks. */
export const TOMBSTONE_TTL_S = 900;

/** A person as this database knows them. A cached one only picks defaults and refuses early: each batch asks the database again. */
export interface Session {
  userId: string;
  isAdmin: boolean;
  epoch: number;
  memberships: { mentoradoId: string; role: Role }[];
}

interface Known {
  session: Session;
  expiresAt: number;
}

/** Sessions this isolate has seen, newest last. Look-ups are counted, not shared: one request may not wait for the I/O of another. */
export interface SessionMemory {
  known: Map<string, Known>;
  lookUps: number;
}

export function createSessionMemory(): SessionMemory {
  return { known: new Map(), lookUps: 0 };
}

export function sessionKey(clerkUserId: string): string {
  return `session:v1:${clerkUserId}`;
}

export function tombstoneKey(sessionId: string): string {
  return `revoked:v1:${sessionId}`;
}

/**
 * Finds who a verified session belongs to: this isolate (≤ 10 s), then Redis (≤ 300 s), then Postgres, which decides.
 *
 * @throws UnauthorizedError for a revoked session or a person who is unknown or inactive.
 */
export async function findSession(options: {
  connection: Connection;
  cache: Cache;
  memory: SessionMemory;
  identity: UserIdentity;
  now: Date;
  log: Logger;
}): Promise<Session> {
  const { memory, identity, now } = options;
  const key = `${identity.clerkUserId}:${identity.sessionId}`;
  const known = memory.known.get(key);
  if (known !== undefined && known.expiresAt > now.getTime()) return known.session;
  if (memory.lookUps >= MAX_LOOK_UPS) throw new UnavailableError(undefined, { retryAfterMs: 1_000 });
  memory.lookUps += 1;
  try {
    const session = await findInCacheOrDatabase(options);
    remember(memory, key, { session, expiresAt: now.getTime() + ISOLATE_TTL_MS });
    return session;
  } finally {
    memory.lookUps -= 1;
  }
}

function remember(memory: SessionMemory, key: string, known: Known): void {
  memory.known.delete(key);
  memory.known.set(key, known);
  const oldest = memory.known.keys().next();
  if (memory.known.size > ISOLATE_MAX_ENTRIES && !oldest.done) memory.known.delete(oldest.value);
}

async function findInCacheOrDatabase({
  connection,
  cache,
  identity,
  log,
}: {
  connection: Connection;
  cache: Cache;
  identity: UserIdentity;
  log: Logger;
}): Promise<Session> {
  const cached = await readCache(cache, identity, log);
  if (cached === "revoked") throw new UnauthorizedError(undefined, { errorCode: "SESSION_REVOKED" });
  if (cached !== undefined) return cached;
  const session = await readDatabase(connection, identity);
  try {
    // Loses to a newer epoch, so a slow reader never brings an old session back.
    await cache.setIfNewer({
      key: sessionKey(identity.clerkUserId),
      version: session.epoch,
      value: JSON.stringify(session),
      ttlSeconds: CACHE_TTL_S,
    });
  } catch {
    log.write("warn", "session.cache_write_failed");
  }
  return session;
}

async function readCache(cache: Cache, identity: UserIdentity, log: Logger): Promise<Session | "revoked" | undefined> {
  try {
    const [session, tombstone] = await cache.getMany([sessionKey(identity.clerkUserId), tombstoneKey(identity.sessionId)]);
    if (tombstone !== null && tombstone !== undefined) return "revoked";
    return session === null || session === undefined ? undefined : parseSession(session);
  } catch {
    log.write("warn", "session.cache_read_failed", { outcome: "degraded" });
    return undefined;
  }
}

function parseSession(text: string): Session | undefined {
  const envelope = JSON.parse(text) as { value: string } | null;
  return envelope === null ? undefined : (JSON.parse(envelope.value) as Session);
}

async function readDatabase(connection: Connection, identity: UserIdentity): Promise<Session> {
  try {
    const [row] = await connection.call<{ session: Session | null }>(
      sql`select guilda.find_session(${identity.clerkUserId}, ${identity.sessionId}) as session`,
    );
    if (row?.session === null || row?.session === undefined)
      throw new UnauthorizedError(undefined, { errorCode: "USER_UNKNOWN" });
    return row.session;
  } catch (error) {
    throw toAppError(error);
  }
}
