import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  date,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
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
    apiKeyEncrypted: bytes("api_key_encrypted").notNull(),
    apiKeyKeyVersion: smallint("api_key_key_version").notNull(),
    /** Keyed digest of the token that the provider sends with its webhooks. */
    webhookTokenDigest: bytes("webhook_token_digest").notNull(),
    isActive: boolean("is_active").notNull().default(true),
    createdAt: instant("created_at").notNull().default(sql`now()`),
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

/** What a student owes at the provider. Its id is the provider's `externalReference`, written before the first call. */
export const charges = pgTable(
  "charges",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    installmentId: uuid("installment_id").notNull(),
    studentId: uuid("student_id").notNull(),
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
    invoiceUrl: text("invoice_url"),
    pixPayload: text("pix_payload"),
    version: integer().notNull().default(1),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    foreignKey({ columns: [table.mentoradoId, table.studentId], foreignColumns: [students.mentoradoId, students.id] }),
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
    /** When the provider recorded it: what decides which of two events is the later one. */
    recordedAt: instant("recorded_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.eventId] }),
    index("charge_events_of_charge").on(table.mentoradoId, table.chargeId),
    foreignKey({ columns: [table.mentoradoId, table.chargeId], foreignColumns: [charges.mentoradoId, charges.id] }),
    foreignKey({ columns: [table.eventId], foreignColumns: [webhookEvents.id] }),
  ],
);

/** One thing that happened to money. Append-only; its lines sum to zero. */
export const ledgerEntries = pgTable(
  "ledger_entries",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    kind: text({ enum: ["charge", "receipt"] }).notNull(),
    chargeId: uuid("charge_id").notNull(),
    /** The webhook event that caused it; null when our own job did. */
    sourceEventId: uuid("source_event_id"),
    recordedAt: instant("recorded_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("ledger_entries_once").on(table.mentoradoId, table.chargeId, table.kind),
    foreignKey({ columns: [table.mentoradoId, table.chargeId], foreignColumns: [charges.mentoradoId, charges.id] }),
    foreignKey({ columns: [table.sourceEventId], foreignColumns: [webhookEvents.id] }),
  ],
);

export const LEDGER_ACCOUNTS = ["receivable", "cash", "fees", "revenue"] as const;

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
    step: text({ enum: ["due_in_3_days", "due_today", "overdue_1_day"] }).notNull(),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("payment_reminders_once").on(table.mentoradoId, table.chargeId, table.step),
    foreignKey({ columns: [table.mentoradoId, table.chargeId], foreignColumns: [charges.mentoradoId, charges.id] }),
  ],
);
