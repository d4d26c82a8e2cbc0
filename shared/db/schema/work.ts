import { sql } from "drizzle-orm";
import { boolean, check, index, integer, jsonb, pgTable, primaryKey, smallint, text, unique, uuid } from "drizzle-orm/pg-core";
import { bytes, instant } from "../columns.ts";

/** The durable inbox: one row per event of a provider, however often it is delivered. */
export const webhookEvents = pgTable(
  "webhook_events",
  {
    id: uuid().primaryKey(),
    provider: text().notNull(),
    accountRef: text("account_ref").notNull(),
    eventId: text("event_id").notNull(),
    eventType: text("event_type").notNull(),
    /** Null for events that concern the programme and no single mentorado. */
    mentoradoId: uuid("mentorado_id"),
    /** The body as received: NUL, invalid UTF-8 and lone surrogates have no place in text or jsonb. */
    raw: bytes().notNull(),
    rawSha256: bytes("raw_sha256").notNull(),
    deliveries: integer().notNull().default(1),
    /** Set when a later delivery of the same id carried another body: the first is kept. */
    mismatch: boolean().notNull().default(false),
    requestId: text("request_id").notNull(),
    receivedAt: instant("received_at").notNull().default(sql`now()`),
  },
  (table) => [
    unique("webhook_events_once").on(table.provider, table.accountRef, table.eventId),
    index("webhook_events_of_mentorado").on(table.mentoradoId, table.receivedAt),
  ],
);

/** Work to be done: a row first, a message second. */
export const jobs = pgTable(
  "jobs",
  {
    id: uuid().primaryKey(),
    mentoradoId: uuid("mentorado_id"),
    group: text("worker_group").notNull(),
    name: text().notNull(),
    /** Natural key: the same work staged twice is one row. */
    dedupKey: text("dedup_key").notNull().unique(),
    /** Ids only. */
    payload: jsonb().notNull(),
    status: text({ enum: ["pending", "running", "done", "dead"] })
      .notNull()
      .default("pending"),
    runAt: instant("run_at").notNull().default(sql`now()`),
    attempts: smallint().notNull().default(0),
    maxAttempts: smallint("max_attempts").notNull(),
    leaseToken: uuid("lease_token"),
    leaseUntil: instant("lease_until"),
    /** Number of the last doorbell; part of its deduplication id, so that a new ring is a new message. */
    ring: integer().notNull().default(1),
    rungAt: instant("rung_at").notNull().default(sql`now()`),
    /** Stable error code of the last failure; never a message. */
    lastError: text("last_error"),
    /** The request that staged it, to follow one act through all logs. */
    requestId: text("request_id").notNull(),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    doneAt: instant("done_at"),
  },
  (table) => [
    index("jobs_unfinished").on(table.rungAt).where(sql`${table.status} in ('pending', 'running')`),
    index("jobs_of_mentorado").on(table.mentoradoId, table.createdAt),
    check("jobs_status", sql`${table.status} in ('pending', 'running', 'done', 'dead')`),
  ],
);

/** A schedule that the code declares, known since its first tick: earlier slots never existed. */
export const schedules = pgTable("schedules", {
  name: text().primaryKey(),
  isEnabled: boolean("is_enabled").notNull().default(true),
  knownSince: instant("known_since").notNull().default(sql`now()`),
});

/** One due time of a schedule, for one mentorado or (all zeros) for the programme. */
export const scheduleSlots = pgTable(
  "schedule_slots",
  {
    schedule: text().notNull(),
    mentoradoId: uuid("mentorado_id").notNull(),
    slot: instant().notNull(),
    jobId: uuid("job_id").notNull(),
    /** Fired after its time, to catch up. */
    isLate: boolean("is_late").notNull(),
    /** Fired by an operator out of turn; the slots before it are still due. */
    isOperated: boolean("is_operated").notNull().default(false),
    firedAt: instant("fired_at").notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.mentoradoId, table.schedule, table.slot] })],
);

/** A call to an outside API that must happen once: committed as `calling` before the call, as `confirmed` after it. */
export const effects = pgTable(
  "effects",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    key: text().notNull(),
    state: text({ enum: ["calling", "confirmed", "unknown"] }).notNull(),
    jobId: uuid("job_id").notNull(),
    attempts: integer().notNull().default(1),
    /** What the provider answered, as far as it is needed later: ids only. */
    response: jsonb(),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.mentoradoId, table.key] })],
);

export const idempotencyKeys = pgTable(
  "idempotency_keys",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    procedure: text().notNull(),
    key: text().notNull(),
    /** Over the actor and the input: the same key with another request is refused. */
    requestSha256: bytes("request_sha256").notNull(),
    response: jsonb(),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    expiresAt: instant("expires_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.mentoradoId, table.procedure, table.key] })],
);
