import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";
import { instant } from "../columns.ts";

/** A member's practice: the tenant. Its own id is its tenant key. */
export const mentorados = pgTable(
  "mentorados",
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    slug: text().notNull().unique(),
    /** IANA zone that decides "today" and the hour of its schedules. */
    timezone: text().notNull().default("America/Sao_Paulo"),
    clerkOrganizationId: text("clerk_organization_id").unique(),
    status: text({ enum: ["active", "suspended", "closed"] })
      .notNull()
      .default("active"),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (table) => [check("mentorados_status", sql`${table.status} in ('active', 'suspended', 'closed')`)],
);

/** A person, whatever mentorados they belong to. */
export const users = pgTable("users", {
  id: uuid().primaryKey(),
  clerkUserId: text("clerk_user_id").notNull().unique(),
  email: text(),
  name: text(),
  /** Staff of the programme. Set only in this database, never from Clerk. */
  isAdmin: boolean("is_admin").notNull().default(false),
  isActive: boolean("is_active").notNull().default(true),
  /** Rises with every change of what the person may do; a cached session of a lower epoch is void. */
  sessionEpoch: bigint("session_epoch", { mode: "number" }).notNull().default(1),
  /** Verified by Clerk: the GitHub account whose installations this person may connect. */
  githubUserId: bigint("github_user_id", { mode: "number" }),
  /** Clerk's own `updated_at` in milliseconds: an older event never overwrites a newer one. */
  clerkUpdatedAtMs: bigint("clerk_updated_at_ms", { mode: "number" }).notNull().default(0),
  createdAt: instant("created_at").notNull().default(sql`now()`),
});

export const ROLES = ["owner", "manager", "sales", "success", "support", "viewer"] as const;
export type Role = (typeof ROLES)[number];

export const memberships = pgTable(
  "memberships",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    userId: uuid("user_id").notNull(),
    role: text({ enum: ROLES }).notNull(),
    /** Rises when a person sets the role here; Clerk's projection never lowers it. */
    roleRevision: bigint("role_revision", { mode: "number" }).notNull().default(0),
    status: text({ enum: ["active", "revoked"] })
      .notNull()
      .default("active"),
    version: integer().notNull().default(1),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("memberships_one_per_person").on(table.mentoradoId, table.userId),
    index("memberships_of_user").on(table.userId),
    foreignKey({ columns: [table.mentoradoId], foreignColumns: [mentorados.id] }),
    foreignKey({ columns: [table.userId], foreignColumns: [users.id] }),
    check("memberships_role", sql`${table.role} in ('owner', 'manager', 'sales', 'success', 'support', 'viewer')`),
    check("memberships_status", sql`${table.status} in ('active', 'revoked')`),
  ],
);

/** Tombstones: a session named here is refused until its last token has expired. */
export const revokedSessions = pgTable("revoked_sessions", {
  sessionId: text("session_id").primaryKey(),
  revokedAt: instant("revoked_at").notNull().default(sql`now()`),
});

/** Written by a trigger on every tenant table; nothing updates or deletes it. */
export const auditLog = pgTable(
  "audit_log",
  {
    /** Null for acts on tables that belong to no mentorado, such as `users`. */
    mentoradoId: uuid("mentorado_id"),
    id: bigint({ mode: "number" }).generatedAlwaysAsIdentity().notNull(),
    at: instant().notNull().default(sql`now()`),
    actorType: text("actor_type").notNull(),
    actorId: text("actor_id"),
    requestId: text("request_id"),
    reason: text(),
    action: text().notNull(),
    tableName: text("table_name").notNull(),
    rowId: text("row_id").notNull(),
    /** Only the columns that changed; sensitive and personal ones are masked. */
    before: jsonb(),
    after: jsonb(),
  },
  (table) => [
    primaryKey({ columns: [table.id] }),
    index("audit_log_of_row").on(table.mentoradoId, table.tableName, table.rowId, table.id),
  ],
);
