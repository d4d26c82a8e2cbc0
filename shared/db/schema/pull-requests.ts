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
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import { instant } from "../columns.ts";
import { patterns, repos, SEVERITIES } from "./craft.ts";

export const PULL_STATES = ["open", "closed", "merged"] as const;
export const PULL_CHECK_STATUSES = ["running", "done", "failed", "superseded"] as const;

/** A pull request of a connected repository, as GitHub told of it last. */
export const pullRequests = pgTable(
  "pull_requests",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    repoId: uuid("repo_id").notNull(),
    number: integer().notNull(),
    title: text().notNull(),
    authorLogin: text("author_login").notNull(),
    state: text({ enum: PULL_STATES }).notNull(),
    headSha: text("head_sha").notNull(),
    baseRef: text("base_ref").notNull(),
    openedAt: instant("opened_at").notNull(),
    /** GitHub's own time of what is stored: what is older never overwrites what is newer. */
    eventAt: instant("event_at").notNull(),
    /** How many reviews were posted: one of them is posted at a time, whichever check it tells of. */
    reviews: integer().notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("pull_requests_numbered").on(table.mentoradoId, table.repoId, table.number),
    index("pull_requests_of_repo").on(table.mentoradoId, table.repoId, table.id),
    foreignKey({ columns: [table.mentoradoId, table.repoId], foreignColumns: [repos.mentoradoId, repos.id] }),
    check("pull_requests_state", sql`${table.state} in ('open', 'closed', 'merged')`),
  ],
);

/**
 * One check of a pull request at one head. What it found is stored with it in one transaction; it runs until GitHub has been told. A head
 * that comes back, or is to be checked again, gets another one.
 */
export const pullChecks = pgTable(
  "pull_checks",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    pullRequestId: uuid("pull_request_id").notNull(),
    headSha: text("head_sha").notNull(),
    baseRef: text("base_ref").notNull(),
    status: text({ enum: PULL_CHECK_STATUSES }).notNull(),
    /** Why it failed: one of a closed set of codes. */
    failure: text(),
    /** In the shadow it is counted and nothing is said on GitHub. */
    isShadow: boolean("is_shadow").notNull(),
    /** Null when the pull request could not be read. */
    conclusion: text({ enum: ["success", "failure", "neutral"] }),
    /** GitHub's id of the check run. */
    checkRunId: bigint("check_run_id", { mode: "number" }),
    filesRead: integer("files_read").notNull().default(0),
    /** Changed files that were left out, by reason. */
    leftOut: jsonb("left_out").$type<Record<string, number>>().notNull().default({}),
    /** Violations that do not count, because of a waiver or a dismissal. */
    waived: integer().notNull().default(0),
    dismissed: integer().notNull().default(0),
    startedAt: instant("started_at").notNull().default(sql`now()`),
    finishedAt: instant("finished_at"),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    uniqueIndex("pull_checks_one_running").on(table.mentoradoId, table.pullRequestId).where(sql`${table.status} = 'running'`),
    index("pull_checks_of_pull_request").on(table.mentoradoId, table.pullRequestId, table.id),
    foreignKey({
      columns: [table.mentoradoId, table.pullRequestId],
      foreignColumns: [pullRequests.mentoradoId, pullRequests.id],
    }),
    check("pull_checks_status", sql`${table.status} in ('running', 'done', 'failed', 'superseded')`),
    check("pull_checks_failed_has_reason", sql`(${table.status} = 'failed') = (${table.failure} is not null)`),
    check("pull_checks_done_has_conclusion", sql`${table.status} <> 'done' or ${table.conclusion} is not null`),
  ],
);

/** What one check counted of one pattern on the changed lines, where there was anything to count: the rows behind a student's progress. Each opportunity that is no hit is a violation that counts. */
export const pullCheckPatterns = pgTable(
  "pull_check_patterns",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    pullCheckId: uuid("pull_check_id").notNull(),
    patternId: uuid("pattern_id").notNull(),
    opportunities: integer().notNull(),
    hits: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.pullCheckId, table.patternId] }),
    index("pull_check_patterns_of_pattern").on(table.mentoradoId, table.patternId),
    foreignKey({ columns: [table.mentoradoId, table.pullCheckId], foreignColumns: [pullChecks.mentoradoId, pullChecks.id] }),
    foreignKey({ columns: [table.mentoradoId, table.patternId], foreignColumns: [patterns.mentoradoId, patterns.id] }),
    check("pull_check_patterns_counts", sql`${table.opportunities} > 0 and ${table.hits} between 0 and ${table.opportunities}`),
  ],
);

/** A changed place that breaks a pattern. It is the same violation after a push that only moved its lines. */
export const violations = pgTable(
  "violations",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    pullRequestId: uuid("pull_request_id").notNull(),
    patternId: uuid("pattern_id").notNull(),
    /** Of pattern, path, normalised snippet and its ordinal. */
    fingerprint: text().notNull(),
    path: text().notNull(),
    startLine: integer("start_line").notNull(),
    endLine: integer("end_line").notNull(),
    /** What stands there instead of what the pattern says. */
    value: text().notNull(),
    severity: text({ enum: SEVERITIES }).notNull(),
    /** A line of the latest diff where a comment can stand; null when it shows none of it. */
    diffLine: integer("diff_line"),
    /** The latest check that saw it. */
    lastCheckId: uuid("last_check_id").notNull(),
    /** GitHub's id of the comment that tells of it. */
    commentId: bigint("comment_id", { mode: "number" }),
    /** What the comment says now. */
    commentSays: text("comment_says", { enum: ["open", "resolved"] }),
    /** When a later check no longer had it: it was fixed, or let off by a waiver, or its pattern no longer speaks. */
    resolvedAt: instant("resolved_at"),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("violations_once").on(table.mentoradoId, table.pullRequestId, table.fingerprint),
    index("violations_of_pattern").on(table.mentoradoId, table.patternId, table.id),
    foreignKey({
      columns: [table.mentoradoId, table.pullRequestId],
      foreignColumns: [pullRequests.mentoradoId, pullRequests.id],
    }),
    foreignKey({ columns: [table.mentoradoId, table.patternId], foreignColumns: [patterns.mentoradoId, patterns.id] }),
    foreignKey({ columns: [table.mentoradoId, table.lastCheckId], foreignColumns: [pullChecks.mentoradoId, pullChecks.id] }),
    check("violations_severity", sql`${table.severity} in ('error', 'warning', 'info')`),
    check("violations_comment", sql`(${table.commentId} is null) = (${table.commentSays} is null)`),
    check("violations_lines", sql`${table.startLine} >= 1 and ${table.endLine} >= ${table.startLine}`),
  ],
);

/** A person's word that a violation is none, or does not matter. */
export const violationDismissals = pgTable(
  "violation_dismissals",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    violationId: uuid("violation_id").notNull(),
    reason: text().notNull(),
    isFalsePositive: boolean("is_false_positive").notNull(),
    dismissedBy: uuid("dismissed_by").notNull(),
    dismissedAt: instant("dismissed_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.violationId] }),
    foreignKey({ columns: [table.mentoradoId, table.violationId], foreignColumns: [violations.mentoradoId, violations.id] }),
  ],
);

/** Where a pattern does not speak, why, and until when. */
export const waivers = pgTable(
  "waivers",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    patternId: uuid("pattern_id").notNull(),
    /** Of the paths that are let off. */
    glob: text().notNull(),
    reason: text().notNull(),
    expiresAt: instant("expires_at").notNull(),
    revokedAt: instant("revoked_at"),
    createdBy: uuid("created_by").notNull(),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    check("waivers_expire", sql`${table.expiresAt} > ${table.createdAt}`),
    index("waivers_of_pattern").on(table.mentoradoId, table.patternId, table.id),
    foreignKey({ columns: [table.mentoradoId, table.patternId], foreignColumns: [patterns.mentoradoId, patterns.id] }),
  ],
);
