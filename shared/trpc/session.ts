import { sql } from "drizzle-orm";
import * as z from "zod";
import type { Cache } from "../cache/redis.ts";
import type { Connection } from "../db/connect.ts";
import { toAppError } from "../db/database-error.ts";
import { ROLES } from "../db/schema/tenancy.ts";
import { UnauthorizedError, UnavailableError } from "../errors/app-error.ts";
import type { Logger } from "../log/logger.ts";
import type { UserIdentity } from "./caller.ts";

const ISOLATE_TTL_MS = 10_000;
const ISOLATE_MAX_ENTRIES = 500;
/** At once, per isolate: with Redis gone, sign-ins must not starve the database. */
const MAX_LOOK_UPS = 50;
const CACHE_TTL_S = 300;
/** Longer than the longest life of a session token (60 s), with room for skewed clocks. */
const TOMBSTONE_TTL_S = 900;

const sessionSchema = z.object({
  userId: z.string(),
  isAdmin: z.boolean(),
  epoch: z.int(),
  memberships: z.array(z.object({ mentoradoId: z.string(), role: z.enum(ROLES) })),
});

/** A person as this database knows them. A cached one only picks defaults and refuses early: each batch asks the database again. */
export type Session = z.output<typeof sessionSchema>;

const envelopeSchema = z.object({ value: z.string() });
/** The `value` of a void, where a session would be. */
const VOID = "null";

interface Known {
  session: Session;
  expiresAt: number;
}

/** Sessions this isolate has seen, newest last. Look-ups are counted, not shared: one request may not wait for the I/O of another. */
export interface SessionMemory {
  known: Map<string, Known>;
  lookUps: number;
  /** The look-up that is under way for a request, known by its own identity object: the calls of one batch share it. */
  pending: WeakMap<UserIdentity, Promise<Session>>;
}

export function createSessionMemory(): SessionMemory {
  return { known: new Map(), lookUps: 0, pending: new WeakMap() };
}

interface LookUp {
  connection: Connection;
  cache: Cache;
  memory: SessionMemory;
  identity: UserIdentity;
  now: Date;
  log: Logger;
  waitUntil: (work: Promise<unknown>) => void;
}

/**
 * Finds who a verified session belongs to: this isolate (≤ 10 s), then Redis (≤ 300 s), then Postgres, which decides.
 *
 * @throws UnauthorizedError for a revoked session or a person who is unknown or inactive.
 */
export async function findSession(lookUp: LookUp): Promise<Session> {
  const { memory, identity, now } = lookUp;
  const known = memory.known.get(memoryKey(identity));
  if (known !== undefined && known.expiresAt > now.getTime()) return known.session;
  const pending = memory.pending.get(identity);
  if (pending !== undefined) return pending;
  if (memory.lookUps >= MAX_LOOK_UPS) throw new UnavailableError(undefined, { retryAfterMs: 1_000 });
  memory.lookUps += 1;
  const found = findInCacheOrDatabase(lookUp);
  memory.pending.set(identity, found);
  try {
    const session = await found;
    remember(memory, memoryKey(identity), { session, expiresAt: now.getTime() + ISOLATE_TTL_MS });
    return session;
  } finally {
    memory.lookUps -= 1;
    memory.pending.delete(identity);
  }
}

/**
 * Makes every session of a person that was read below `epoch` worthless in Redis, also one that a slow reader has yet to write.
 *
 * @throws UnavailableError CACHE_UNAVAILABLE when Redis has not taken it.
 */
export async function voidSessions({
  cache,
  clerkUserId,
  epoch,
}: {
  cache: Cache;
  clerkUserId: string;
  epoch: number;
}): Promise<void> {
  const entry = { key: sessionKey(clerkUserId), version: voidVersion(epoch), value: VOID, ttlSeconds: CACHE_TTL_S };
  await taken(cache.setIfNewer(entry));
}

/**
 * Lets Redis refuse a session that ended, until its last token has expired.
 *
 * @throws UnavailableError CACHE_UNAVAILABLE when Redis has not taken it.
 */
export async function refuseSession({ cache, sessionId }: { cache: Cache; sessionId: string }): Promise<void> {
  await taken(cache.set(tombstoneKey(sessionId), "1", { ttlSeconds: TOMBSTONE_TTL_S }));
}

async function taken(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (cause) {
    throw new UnavailableError(undefined, { errorCode: "CACHE_UNAVAILABLE", cause });
  }
}

function memoryKey({ clerkUserId, sessionId }: UserIdentity): string {
  return `${clerkUserId}:${sessionId}`;
}

function sessionKey(clerkUserId: string): string {
  return `session:v1:${clerkUserId}`;
}

function tombstoneKey(sessionId: string): string {
  return `revoked:v1:${sessionId}`;
}

/** Sessions have even versions and voids odd ones in between, so that a void beats all older sessions and gives way to the first new one. */
function sessionVersion(epoch: number): number {
  return 2 * epoch;
}

function voidVersion(epoch: number): number {
  return sessionVersion(epoch) - 1;
}

function remember(memory: SessionMemory, key: string, known: Known): void {
  memory.known.delete(key);
  memory.known.set(key, known);
  const oldest = memory.known.keys().next();
  if (memory.known.size > ISOLATE_MAX_ENTRIES && !oldest.done) memory.known.delete(oldest.value);
}

async function findInCacheOrDatabase(lookUp: LookUp): Promise<Session> {
  const { connection, identity, waitUntil } = lookUp;
  const cached = await readCache(lookUp);
  if (cached === "revoked") throw new UnauthorizedError(undefined, { errorCode: "SESSION_REVOKED" });
  if (typeof cached === "object") return cached;
  const session = await readDatabase(connection, identity);
  // Redis that did not answer a moment ago is left alone.
  if (cached === "nothing") waitUntil(writeCache(lookUp, session));
  return session;
}

async function readCache({ cache, identity, log }: LookUp): Promise<Session | "nothing" | "revoked" | "unavailable"> {
  try {
    const [stored = null, tombstone = null] = await cache.getMany([
      sessionKey(identity.clerkUserId),
      tombstoneKey(identity.sessionId),
    ]);
    if (tombstone !== null) return "revoked";
    return stored === null ? "nothing" : (parseSession(stored) ?? "nothing");
  } catch {
    log.write("warn", "session.cache_read_failed", { outcome: "degraded" });
    return "unavailable";
  }
}

function parseSession(stored: string): Session | undefined {
  try {
    const { value } = envelopeSchema.parse(JSON.parse(stored));
    return value === VOID ? undefined : sessionSchema.parse(JSON.parse(value));
  } catch {
    return undefined;
  }
}

/** Loses to a newer session and to the void of a newer epoch, so a slow reader never brings an old session back. */
async function writeCache({ cache, identity, log }: LookUp, session: Session): Promise<void> {
  try {
    const version = sessionVersion(session.epoch);
    await cache.setIfNewer({
      key: sessionKey(identity.clerkUserId),
      version,
      value: JSON.stringify(session),
      ttlSeconds: CACHE_TTL_S,
    });
  } catch {
    log.write("warn", "session.cache_write_failed");
  }
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
