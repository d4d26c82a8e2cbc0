import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  time,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { bytes, instant } from "../columns.ts";
import { installments, students } from "./practice.ts";
import { mentorados } from "./tenancy.ts";
import { webhookEvents } from "./work.ts";

/** A mentorado's account at a payment provider. `accountRef` is the opaque last segment of its webhook URL. */
export const providerAccounts = pgTable(
  "provider_accounts",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    provider: text({ enum: ["asaas"] }).notNull(),
    accountRef: text("account_ref").notNull(),
    /** Decided by the key itself. */
    environment: text({ enum: ["sandbox", "production"] })
      .notNull()
      .default("sandbox"),
    apiKeyEncrypted: bytes("api_key_encrypted").notNull(),
    apiKeyKeyVersion: smallint("api_key_key_version").notNull(),
    /** So that people can tell keys apart. */
    apiKeyLast4: text("api_key_last4").notNull().default(""),
    /** Keyed digest of the token that the provider sends with its webhooks. */
    webhookTokenDigest: bytes("webhook_token_digest").notNull(),
    /** The provider's id of the webhook that we registered; null while there is none. */
    webhookExternalId: text("webhook_external_id"),
    isActive: boolean("is_active").notNull().default(true),
    testedAt: instant("tested_at"),
    /** `ok`, or the stable code of what went wrong. */
    testResult: text("test_result"),
    version: integer().notNull().default(1),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("provider_accounts_one_per_provider").on(table.mentoradoId, table.provider),
    unique("provider_accounts_ref").on(table.provider, table.accountRef),
    foreignKey({ columns: [table.mentoradoId], foreignColumns: [mentorados.id] }),
  ],
);

export const CHARGE_STATUSES = [
  "draft",
  "pending",
  "overdue",
  "confirmed",
  "received",
  "disputed",
  "refunding",
  "refunded",
  "cancelled",
] as const;
export type ChargeStatus = (typeof CHARGE_STATUSES)[number];

/** Why a debt is given up: it cannot be got, an agreement with the student, a dispute, goodwill. */
export const WRITE_OFF_REASONS = ["uncollectible", "agreement", "dispute", "goodwill"] as const;

export const SUBSCRIPTION_CYCLES = ["weekly", "biweekly", "monthly", "bimonthly", "quarterly", "semiannual", "yearly"] as const;

/** A charge that the provider makes anew each cycle. Its id is the provider's `externalReference`. */
export const subscriptions = pgTable(
  "subscriptions",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    studentId: uuid("student_id").notNull(),
    billingType: text("billing_type", { enum: ["pix", "boleto", "credit_card"] }).notNull(),
    cycle: text({ enum: SUBSCRIPTION_CYCLES }).notNull(),
    amountCents: bigint("amount_cents", { mode: "number" }).notNull(),
    currency: text().notNull().default("BRL"),
    nextDueDate: date("next_due_date", { mode: "string" }).notNull(),
    endDate: date("end_date", { mode: "string" }),
    maxPayments: integer("max_payments"),
    description: text(),
    status: text({ enum: ["draft", "active", "inactive", "expired", "cancelled"] })
      .notNull()
      .default("draft"),
    externalId: text("external_id"),
    /** When the provider recorded the event that decided the status. */
    statusAt: instant("status_at"),
    version: integer().notNull().default(1),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("subscriptions_external_id").on(table.mentoradoId, table.externalId),
    foreignKey({ columns: [table.mentoradoId, table.studentId], foreignColumns: [students.mentoradoId, students.id] }),
    check("subscriptions_amount", sql`${table.amountCents} > 0`),
  ],
);

/** What a student owes at the provider. Its id is the provider's `externalReference`, written before the first call. */
export const charges = pgTable(
  "charges",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    /** The part of a plan that it bills; null for a charge of its own. */
    installmentId: uuid("installment_id"),
    subscriptionId: uuid("subscription_id"),
    studentId: uuid("student_id").notNull(),
    description: text(),
    billingType: text("billing_type", { enum: ["pix", "boleto", "credit_card"] }).notNull(),
    amountCents: bigint("amount_cents", { mode: "number" }).notNull(),
    currency: text().notNull().default("BRL"),
    dueDate: date("due_date", { mode: "string" }).notNull(),
    status: text({ enum: CHARGE_STATUSES }).notNull().default("draft"),
    /** The status' place on the ladder, for events of one moment. */
    statusRank: smallint("status_rank").notNull().default(0),
    /** The provider's own word for the status. */
    providerStatus: text("provider_status"),
    externalId: text("external_id"),
    netCents: bigint("net_cents", { mode: "number" }),
    refundedCents: bigint("refunded_cents", { mode: "number" }).notNull().default(0),
    invoiceUrl: text("invoice_url"),
    /** The text that the payer copies into a bank's app. */
    pixPayload: text("pix_payload"),
    pixExpiresAt: instant("pix_expires_at"),
    /** The line that the payer types (47 digits). */
    boletoLine: text("boleto_line"),
    boletoUrl: text("boleto_url"),
    receivedAt: instant("received_at"),
    /** When the provider was asked what the payment is, and the charge became that: what events from before it say is old. */
    askedAt: instant("asked_at"),
    /** Why the debt is given up; null while it is not. The charge stays open at the provider, and can still be paid. */
    writeOffReason: text("write_off_reason", { enum: WRITE_OFF_REASONS }),
    version: integer().notNull().default(1),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    foreignKey({ columns: [table.mentoradoId, table.studentId], foreignColumns: [students.mentoradoId, students.id] }),
    foreignKey({
      columns: [table.mentoradoId, table.subscriptionId],
      foreignColumns: [subscriptions.mentoradoId, subscriptions.id],
    }),
    unique("charges_one_per_installment").on(table.mentoradoId, table.installmentId),
    unique("charges_external_id").on(table.mentoradoId, table.externalId),
    index("charges_due").on(table.mentoradoId, table.dueDate),
    foreignKey({
      columns: [table.mentoradoId, table.installmentId],
      foreignColumns: [installments.mentoradoId, installments.id],
    }),
    check("charges_amount", sql`${table.amountCents} > 0`),
  ],
);

/** The customer that stands for a student at the provider. */
export const providerCustomers = pgTable(
  "provider_customers",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    studentId: uuid("student_id").notNull(),
    provider: text({ enum: ["asaas"] }).notNull(),
    externalId: text("external_id").notNull(),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.provider, table.studentId] }),
    foreignKey({ columns: [table.mentoradoId, table.studentId], foreignColumns: [students.mentoradoId, students.id] }),
  ],
);

/** What an event of the provider did to a charge: append-only, one row per event. */
export const chargeEvents = pgTable(
  "charge_events",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    eventId: uuid("event_id").notNull(),
    chargeId: uuid("charge_id").notNull(),
    eventType: text("event_type").notNull(),
    outcome: text({ enum: ["applied", "superseded", "ignored"] }).notNull(),
    /** What the event says the charge is; null for a word that we do not know. */
    status: text({ enum: CHARGE_STATUSES }),
    /** When the provider recorded it: what decides which of two events is the later one. */
    recordedAt: instant("recorded_at").notNull().default(sql`now()`),
    /** When it became known here. */
    knownAt: instant("known_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.eventId] }),
    index("charge_events_of_charge").on(table.mentoradoId, table.chargeId),
    foreignKey({ columns: [table.mentoradoId, table.chargeId], foreignColumns: [charges.mentoradoId, charges.id] }),
    foreignKey({ columns: [table.eventId], foreignColumns: [webhookEvents.id] }),
  ],
);

export const LEDGER_KINDS = [
  "charge",
  "receipt",
  "receipt_undone",
  "refund",
  "chargeback",
  "chargeback_won",
  "chargeback_lost",
  "cancellation",
  "restoration",
  "write_off",
  "write_off_undone",
  "cashback",
  "cashback_undone",
] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

/**
 * One thing that happened to money. Append-only; its lines sum to zero; each entry of a mentorado carries the hash of the one before
 * (`docs/ledger.md`). Written by `guilda.post_entry` alone.
 */
export const ledgerEntries = pgTable(
  "ledger_entries",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    /** Place in the mentorado's chain, from 1, without gaps. */
    seq: bigint({ mode: "number" }).notNull(),
    kind: text({ enum: LEDGER_KINDS }).notNull(),
    chargeId: uuid("charge_id").notNull(),
    /** Names the movement within the charge, whatever reports it and how often: `receipt:2026-11-21`. */
    movement: text().notNull(),
    /** What caused it: `asaas:<event id of the provider>`, `job:<id>`, `user:<id>`, `conflict:<id>`. */
    source: text().notNull(),
    /** The webhook event that caused it, when one did. */
    sourceEventId: uuid("source_event_id"),
    /** When it happened, by the provider's clock. */
    occurredAt: instant("occurred_at").notNull(),
    /** When it became known here. */
    recordedAt: instant("recorded_at").notNull(),
    previousHash: bytes("previous_hash").notNull(),
    hash: bytes().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("ledger_entries_chained").on(table.mentoradoId, table.seq),
    unique("ledger_entries_once").on(table.mentoradoId, table.chargeId, table.movement),
    index("ledger_entries_recorded").on(table.mentoradoId, table.recordedAt),
    index("ledger_entries_occurred").on(table.mentoradoId, table.occurredAt),
    foreignKey({ columns: [table.mentoradoId, table.chargeId], foreignColumns: [charges.mentoradoId, charges.id] }),
    foreignKey({ columns: [table.sourceEventId], foreignColumns: [webhookEvents.id] }),
  ],
);

/** The end of each mentorado's chain; its row is locked while an entry is added. */
export const ledgerHeads = pgTable("ledger_heads", {
  mentoradoId: uuid("mentorado_id")
    .primaryKey()
    .references(() => mentorados.id),
  seq: bigint({ mode: "number" }).notNull(),
  hash: bytes().notNull(),
});

/**
 * `receivable` what students owe, `cash` the balance at the provider and in hand, `fees` what the provider keeps, `revenue` what was billed,
 * `refunds` given back, `disputed` withheld by a chargeback, `losses` chargebacks lost and debts written off, `cashback` granted.
 */
export const LEDGER_ACCOUNTS = ["receivable", "cash", "fees", "revenue", "refunds", "disputed", "losses", "cashback"] as const;

export const ledgerLines = pgTable(
  "ledger_lines",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    entryId: uuid("entry_id").notNull(),
    account: text({ enum: LEDGER_ACCOUNTS }).notNull(),
    /** Debit positive, credit negative. */
    amountCents: bigint("amount_cents", { mode: "number" }).notNull(),
    currency: text().notNull().default("BRL"),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.entryId, table.account] }),
    foreignKey({ columns: [table.mentoradoId, table.entryId], foreignColumns: [ledgerEntries.mentoradoId, ledgerEntries.id] }),
  ],
);

/** A reminder of a charge: one per charge and step of the dunning ladder, whatever fires it and how often. */
export const paymentReminders = pgTable(
  "payment_reminders",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    chargeId: uuid("charge_id").notNull(),
    /** Days from the due date: -3 is three days before. */
    step: smallint().notNull(),
    channel: text({ enum: ["in_app"] })
      .notNull()
      .default("in_app"),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("payment_reminders_once").on(table.mentoradoId, table.chargeId, table.step),
    foreignKey({ columns: [table.mentoradoId, table.chargeId], foreignColumns: [charges.mentoradoId, charges.id] }),
  ],
);

/** How a mentorado reminds of charges; without a row, the defaults of `functions/finance/dunning`. */
export const dunningPolicies = pgTable("dunning_policies", {
  mentoradoId: uuid("mentorado_id")
    .primaryKey()
    .references(() => mentorados.id),
  isEnabled: boolean("is_enabled").notNull(),
  /** Days from the due date, ascending. */
  steps: smallint().array().notNull(),
  /** Nothing is sent from `quietFrom` until `quietUntil`, local time; the span may pass midnight. */
  quietFrom: time("quiet_from").notNull(),
  quietUntil: time("quiet_until").notNull(),
  /** Nothing is sent on Saturdays and Sundays. */
  skipsWeekends: boolean("skips_weekends").notNull(),
  version: integer().notNull().default(1),
  updatedAt: instant("updated_at").notNull().default(sql`now()`),
});

/** Students who are not reminded. */
export const dunningOptOuts = pgTable(
  "dunning_opt_outs",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    studentId: uuid("student_id").notNull(),
    isOptedOut: boolean("is_opted_out").notNull(),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.studentId] }),
    foreignKey({ columns: [table.mentoradoId, table.studentId], foreignColumns: [students.mentoradoId, students.id] }),
  ],
);

/** Where the reconciliation of an account stands. */
export const syncStates = pgTable(
  "sync_states",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    kind: text({ enum: ["recent", "full"] }).notNull(),
    /** Everything that the provider changed before it has been compared; moves only after a whole run. */
    watermark: date({ mode: "string" }).notNull(),
    /** Where the run that is under way goes on; null between runs. */
    nextOffset: integer("next_offset"),
    startedAt: instant("started_at"),
    finishedAt: instant("finished_at"),
    compared: integer().notNull().default(0),
    repaired: integer().notNull().default(0),
    conflicts: integer().notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.mentoradoId, table.kind] })],
);

/** A difference between our books and the provider's, with both sides, until a person resolves it. */
export const syncConflicts = pgTable(
  "sync_conflicts",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    kind: text({ enum: ["unknown_payment", "missing_payment", "amount", "status"] }).notNull(),
    externalId: text("external_id").notNull(),
    chargeId: uuid("charge_id"),
    local: jsonb(),
    remote: jsonb(),
    status: text({ enum: ["pending", "resolved", "ignored"] })
      .notNull()
      .default("pending"),
    /** `settled`: the difference was gone before anybody decided. */
    resolution: text({ enum: ["keep_local", "keep_remote", "link", "ignore", "settled"] }),
    resolvedBy: text("resolved_by"),
    resolvedAt: instant("resolved_at"),
    seenAt: instant("seen_at").notNull().default(sql`now()`),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    version: integer().notNull().default(1),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    foreignKey({ columns: [table.mentoradoId, table.chargeId], foreignColumns: [charges.mentoradoId, charges.id] }),
    index("sync_conflicts_pending").on(table.mentoradoId, table.status, table.id),
    uniqueIndex("sync_conflicts_once")
      .on(table.mentoradoId, table.externalId, table.kind)
      .where(sql`${table.status} = 'pending'`),
  ],
);
