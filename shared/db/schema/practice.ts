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
import { mentorados } from "./tenancy.ts";

export const LEAD_STAGES = ["new", "first_contact", "qualified", "proposal", "negotiation", "won", "lost"] as const;
export const LEAD_SOURCES = [
  "whatsapp",
  "instagram",
  "landing_page",
  "referral",
  "event",
  "organic",
  "paid_traffic",
  "other",
] as const;
export const OCCUPATIONS = ["student", "developer", "designer", "data", "manager", "career_change", "other"] as const;
export const GOALS = ["first_job", "promotion", "freelance", "product", "teaching", "other"] as const;
export const OBJECTIONS = ["price", "time", "level", "trust", "other"] as const;
export const LOST_REASONS = ["price", "time", "competitor", "no_response", "unqualified", "other"] as const;

/** A public lead form. Its key is all that a visitor's page knows of the mentorado. */
export const leadForms = pgTable(
  "lead_forms",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    formKey: text("form_key").notNull().unique(),
    name: text().notNull(),
    consentTextVersion: text("consent_text_version").notNull(),
    isActive: boolean("is_active").notNull().default(true),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    foreignKey({ columns: [table.mentoradoId], foreignColumns: [mentorados.id] }),
  ],
);

export const leads = pgTable(
  "leads",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    name: text().notNull(),
    email: text(),
    phone: text(),
    /** Area code + last eight digits + mobile flag: equal for a Brazilian number with or without its ninth digit. */
    phoneKey: text("phone_key"),
    occupation: text({ enum: OCCUPATIONS }),
    experienceYears: integer("experience_years"),
    stack: text().array().notNull().default(sql`'{}'::text[]`),
    goal: text({ enum: GOALS }),
    mainObjection: text("main_objection", { enum: OBJECTIONS }),
    message: text(),
    source: text({ enum: LEAD_SOURCES }).notNull().default("other"),
    stage: text({ enum: LEAD_STAGES }).notNull().default("new"),
    lostReason: text("lost_reason", { enum: LOST_REASONS }),
    assignedTo: uuid("assigned_to"),
    studentId: uuid("student_id"),
    consentGranted: boolean("consent_granted").notNull().default(false),
    consentTextVersion: text("consent_text_version"),
    version: integer().notNull().default(1),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("leads_one_per_phone").on(table.mentoradoId, table.phoneKey),
    foreignKey({ columns: [table.mentoradoId], foreignColumns: [mentorados.id] }),
    check("leads_stage", sql`${table.stage} in ('new', 'first_contact', 'qualified', 'proposal', 'negotiation', 'won', 'lost')`),
    check("leads_lost_has_reason", sql`${table.stage} <> 'lost' or ${table.lostReason} is not null`),
    check("leads_won_has_student", sql`${table.stage} <> 'won' or ${table.studentId} is not null`),
  ],
);

export const leadStageHistory = pgTable(
  "lead_stage_history",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    leadId: uuid("lead_id").notNull(),
    fromStage: text("from_stage"),
    toStage: text("to_stage").notNull(),
    at: instant().notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    index("lead_stage_history_of_lead").on(table.mentoradoId, table.leadId, table.at),
    foreignKey({ columns: [table.mentoradoId, table.leadId], foreignColumns: [leads.mentoradoId, leads.id] }),
  ],
);

export const students = pgTable(
  "students",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    leadId: uuid("lead_id"),
    name: text().notNull(),
    email: text(),
    phone: text(),
    /** CPF or CNPJ, AES-256-GCM; the blind index allows equality search within the mentorado. */
    taxIdEncrypted: bytes("tax_id_encrypted"),
    taxIdKeyVersion: smallint("tax_id_key_version"),
    taxIdIndex: bytes("tax_id_index"),
    status: text({ enum: ["active", "inactive", "paused", "graduated"] })
      .notNull()
      .default("active"),
    version: integer().notNull().default(1),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("students_one_per_lead").on(table.mentoradoId, table.leadId),
    unique("students_one_per_tax_id").on(table.mentoradoId, table.taxIdIndex),
    foreignKey({ columns: [table.mentoradoId, table.leadId], foreignColumns: [leads.mentoradoId, leads.id] }),
    check("students_status", sql`${table.status} in ('active', 'inactive', 'paused', 'graduated')`),
  ],
);

/** A course or mentoring plan that can be enrolled in. */
export const offerings = pgTable(
  "offerings",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    name: text().notNull(),
    priceCents: bigint("price_cents", { mode: "number" }).notNull(),
    currency: text().notNull().default("BRL"),
    isActive: boolean("is_active").notNull().default(true),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    foreignKey({ columns: [table.mentoradoId], foreignColumns: [mentorados.id] }),
    check("offerings_price", sql`${table.priceCents} >= 0`),
  ],
);

export const enrollments = pgTable(
  "enrollments",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    studentId: uuid("student_id").notNull(),
    offeringId: uuid("offering_id").notNull(),
    status: text({ enum: ["awaiting_start", "active", "paused", "completed", "cancelled"] })
      .notNull()
      .default("awaiting_start"),
    totalCents: bigint("total_cents", { mode: "number" }).notNull(),
    currency: text().notNull().default("BRL"),
    installmentCount: integer("installment_count").notNull(),
    billingType: text("billing_type", { enum: ["pix", "boleto", "credit_card"] }).notNull(),
    version: integer().notNull().default(1),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    index("enrollments_of_student").on(table.mentoradoId, table.studentId),
    foreignKey({ columns: [table.mentoradoId, table.studentId], foreignColumns: [students.mentoradoId, students.id] }),
    foreignKey({ columns: [table.mentoradoId, table.offeringId], foreignColumns: [offerings.mentoradoId, offerings.id] }),
    check("enrollments_total", sql`${table.totalCents} > 0`),
    check("enrollments_installments", sql`${table.installmentCount} between 1 and 120`),
  ],
);

/** The instalment plan: what is due when. Whether it is paid is derived from the charge that bills it. */
export const installments = pgTable(
  "installments",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    enrollmentId: uuid("enrollment_id").notNull(),
    number: integer().notNull(),
    dueDate: date("due_date", { mode: "string" }).notNull(),
    amountCents: bigint("amount_cents", { mode: "number" }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("installments_numbered").on(table.mentoradoId, table.enrollmentId, table.number),
    foreignKey({ columns: [table.mentoradoId, table.enrollmentId], foreignColumns: [enrollments.mentoradoId, enrollments.id] }),
    check("installments_amount", sql`${table.amountCents} > 0`),
  ],
);
