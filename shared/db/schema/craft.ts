import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  doublePrecision,
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
import { students } from "./practice.ts";
import { mentorados } from "./tenancy.ts";

export const PATTERN_STATUSES = ["candidate", "authoritative", "rejected", "deferred", "deprecated"] as const;
export const PATTERN_TYPES = ["code", "filesystem"] as const;
export const SEVERITIES = ["error", "warning", "info"] as const;
export const CHANNELS = ["pull_request", "agents"] as const;
export const WORDING_OUTCOMES = ["answered", "refused", "cut_off", "unreadable", "failed"] as const;
/** What is done about pull requests: nothing; counted and not told; told on GitHub. */
export const CHECK_MODES = ["off", "shadow", "enforce"] as const;
export const SCAN_STATUSES = ["running", "done", "failed", "superseded"] as const;

/** A connected repository. How far its reading has come stands in its scans. */
export const repos = pgTable(
  "repos",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    /** Whose work it is; null for the mentorado's own. */
    studentId: uuid("student_id"),
    source: text({ enum: ["installation", "public"] }).notNull(),
    /** Of the GitHub App; null for a public repository read without one. */
    installationId: bigint("installation_id", { mode: "number" }),
    /** GitHub's own id, which survives a rename; null until the first answer of GitHub. */
    githubId: bigint("github_id", { mode: "number" }),
    fullName: text("full_name").notNull(),
    /** Null until the first answer of GitHub. */
    defaultBranch: text("default_branch"),
    isPrivate: boolean("is_private").notNull().default(false),
    connectedBy: uuid("connected_by").notNull(),
    checkMode: text("check_mode", { enum: CHECK_MODES }).notNull().default("shadow"),
    disconnectedAt: instant("disconnected_at"),
    /** The connected row that GitHub says is the same repository under another name: this one was disconnected for it. */
    duplicateOf: uuid("duplicate_of"),
    /** The newest scan whose findings its patterns show. */
    adoptedScanId: uuid("adopted_scan_id"),
    version: integer().notNull().default(1),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    // GitHub's names do not tell capitals apart. Only what is connected counts: a name may pass from one repository to another.
    uniqueIndex("repos_one_per_name")
      .on(table.mentoradoId, sql`lower(${table.fullName})`)
      .where(sql`${table.disconnectedAt} is null`),
    uniqueIndex("repos_one_per_github_id").on(table.mentoradoId, table.githubId).where(sql`${table.disconnectedAt} is null`),
    index("repos_of_github_id").on(table.githubId),
    index("repos_of_student").on(table.mentoradoId, table.studentId),
    foreignKey({ columns: [table.mentoradoId], foreignColumns: [mentorados.id] }),
    foreignKey({ columns: [table.mentoradoId, table.studentId], foreignColumns: [students.mentoradoId, students.id] }),
    foreignKey({ columns: [table.mentoradoId, table.duplicateOf], foreignColumns: [table.mentoradoId, table.id] }),
    // Only the App may write on GitHub.
    check(
      "repos_check_mode",
      sql`${table.checkMode} in ('off', 'shadow', 'enforce') and (${table.checkMode} <> 'enforce' or ${table.source} = 'installation')`,
    ),
    check(
      "repos_source",
      sql`(${table.source} = 'installation') = (${table.installationId} is not null) and ${table.source} in ('installation', 'public')`,
    ),
  ],
);

/** Where the GitHub App is installed, as GitHub's signed events tell. It belongs to no mentorado: who installed it may connect its repositories. */
export const githubInstallations = pgTable("github_installations", {
  installationId: bigint("installation_id", { mode: "number" }).primaryKey(),
  accountLogin: text("account_login").notNull(),
  accountType: text("account_type").notNull(),
  /** GitHub's id of the person who installed it; null until the event of the installation itself has come. */
  installedBy: bigint("installed_by", { mode: "number" }),
  suspendedAt: instant("suspended_at"),
  deletedAt: instant("deleted_at"),
  /** GitHub's own time of the event that was applied last: an older one never overwrites a newer one. */
  eventAt: instant("event_at").notNull(),
});

/** One reading of a repository at one commit. One that failed before GitHub said what there is knows nothing of it. */
export const scans = pgTable(
  "scans",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    repoId: uuid("repo_id").notNull(),
    commitSha: text("commit_sha"),
    /** Of the miner: with another one, unchanged files are read again. */
    minerVersion: integer("miner_version").notNull(),
    /** `full` reads the archive, `incremental` single files. */
    kind: text({ enum: ["full", "incremental"] }),
    status: text({ enum: SCAN_STATUSES }).notNull().default("running"),
    /** Why it failed: one of a closed set of codes. */
    failure: text(),
    /** What GitHub said of the repository when the scan began. */
    githubId: bigint("github_id", { mode: "number" }),
    fullName: text("full_name"),
    defaultBranch: text("default_branch"),
    isPrivate: boolean("is_private"),
    shards: integer().notNull().default(1),
    /** Parts that are not done yet. */
    shardsLeft: integer("shards_left").notNull().default(1),
    /** Files of source code at this commit, as far as is known. */
    filesTotal: integer("files_total").notNull().default(0),
    /** Those of them that this scan has read; the others were known. */
    filesRead: integer("files_read").notNull().default(0),
    bytesRead: bigint("bytes_read", { mode: "number" }).notNull().default(0),
    /** Files left out, by reason. */
    skipped: jsonb().$type<Record<string, number>>().notNull().default({}),
    /** SHA-256 of the mining state: equal for equal trees, however they were read. */
    stateHash: text("state_hash"),
    /** What mining proposes, best first. */
    candidates: jsonb().$type<unknown[]>(),
    startedAt: instant("started_at").notNull().default(sql`now()`),
    finishedAt: instant("finished_at"),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    uniqueIndex("scans_one_running").on(table.mentoradoId, table.repoId).where(sql`${table.status} = 'running'`),
    index("scans_of_repo").on(table.mentoradoId, table.repoId, table.startedAt),
    foreignKey({ columns: [table.mentoradoId, table.repoId], foreignColumns: [repos.mentoradoId, repos.id] }),
    check("scans_status", sql`${table.status} in ('running', 'done', 'failed', 'superseded')`),
    check("scans_failed_has_reason", sql`(${table.status} = 'failed') = (${table.failure} is not null)`),
    check(
      "scans_know_their_commit",
      sql`${table.status} = 'failed' or num_nulls(${table.commitSha}, ${table.kind}, ${table.githubId}, ${table.fullName}, ${table.defaultBranch}, ${table.isPrivate}) = 0`,
    ),
    check("scans_shards", sql`${table.shards} between 1 and 16 and ${table.shardsLeft} between 0 and ${table.shards}`),
  ],
);

/** How far one part of a scan has come: the files whose path hashes to its number. */
export const scanShards = pgTable(
  "scan_shards",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    scanId: uuid("scan_id").notNull(),
    shard: integer().notNull(),
    /** How many steps have handed over to the next one. */
    step: integer().notNull().default(0),
    isDone: boolean("is_done").notNull().default(false),
    /** Files left out for their path or kind, by reason. */
    skipped: jsonb().$type<Record<string, number>>().notNull().default({}),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.scanId, table.shard] }),
    foreignKey({ columns: [table.mentoradoId, table.scanId], foreignColumns: [scans.mentoradoId, scans.id] }),
  ],
);

/** What is known of each file of a repository, by the hash of its content, so that what did not change is not read again. */
export const repoFiles = pgTable(
  "repo_files",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    repoId: uuid("repo_id").notNull(),
    path: text().notNull(),
    /** Git's own hash of the content. */
    blobSha: text("blob_sha").notNull(),
    sizeBytes: integer("size_bytes").notNull(),
    minerVersion: integer("miner_version").notNull(),
    /** `source` was read; `other` counts by its path alone; `skipped` was read and is left out of everything. */
    kind: text({ enum: ["source", "other", "skipped"] }).notNull(),
    /** Why it is left out. */
    skippedAs: text("skipped_as"),
    /** What its author decided: slot → value → [occurrences, line, last line]. */
    tally: jsonb().$type<Record<string, Record<string, [number, number, number]>>>().notNull(),
    /** The scan that read it. */
    scanId: uuid("scan_id").notNull(),
    isPresent: boolean("is_present").notNull().default(true),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.repoId, table.path] }),
    foreignKey({ columns: [table.mentoradoId, table.repoId], foreignColumns: [repos.mentoradoId, repos.id] }),
    foreignKey({ columns: [table.mentoradoId, table.scanId], foreignColumns: [scans.mentoradoId, scans.id] }),
    check("repo_files_kind", sql`${table.kind} in ('source', 'other', 'skipped')`),
    check("repo_files_skipped_has_reason", sql`(${table.kind} = 'skipped') = (${table.skippedAs} is not null)`),
  ],
);

/** A convention of a repository, proposed by mining or by a person, and what people decided about it. */
export const patterns = pgTable(
  "patterns",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    repoId: uuid("repo_id").notNull(),
    type: text({ enum: PATTERN_TYPES }).notNull(),
    origin: text({ enum: ["mined", "person"] }).notNull(),
    /** Of what was mined: the same in each scan, so that what was decided stays decided. */
    fingerprint: text(),
    name: text().notNull(),
    description: text().notNull(),
    /** What kind of convention, such as `naming` or `testing`. */
    category: text().notNull(),
    status: text({ enum: PATTERN_STATUSES }).notNull().default("candidate"),
    statusChangedAt: instant("status_changed_at").notNull().default(sql`now()`),
    statusChangedBy: uuid("status_changed_by"),
    /** The folder that it holds in; empty for the whole repository. */
    scope: text().notNull().default(""),
    /** The declarative rule that decides a hit or a violation; null where only people can tell. */
    checker: jsonb(),
    strength: text({ enum: ["established", "emerging"] }),
    hits: integer(),
    opportunities: integer(),
    files: integer(),
    /** The lower end of the 95 % Wilson interval of hits in opportunities. */
    lowerBound: doublePrecision("lower_bound"),
    score: doublePrecision(),
    /** The model that worded it; null for wording that was counted. */
    extractedByModel: text("extracted_by_model"),
    extractedAt: instant("extracted_at"),
    /** The latest scan that found it; of what was mined, it still holds as long as this is the scan that its repository has adopted. */
    lastScanId: uuid("last_scan_id"),
    rationale: text(),
    defaultSeverity: text("default_severity", { enum: SEVERITIES }).notNull().default("warning"),
    /** Where it speaks once it is authoritative. */
    channels: text({ enum: CHANNELS }).array().notNull().default(sql`'{}'::text[]`),
    validatedBy: uuid("validated_by"),
    validatedAt: instant("validated_at"),
    rejectionReason: text("rejection_reason"),
    deferCount: integer("defer_count").notNull().default(0),
    deferredAt: instant("deferred_at"),
    resurfacesAt: instant("resurfaces_at"),
    /** The pattern that this one was merged into. */
    mergedInto: uuid("merged_into"),
    version: integer().notNull().default(1),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    unique("patterns_one_per_fingerprint").on(table.mentoradoId, table.repoId, table.fingerprint),
    index("patterns_of_repo").on(table.mentoradoId, table.repoId, table.status, table.id),
    foreignKey({ columns: [table.mentoradoId, table.repoId], foreignColumns: [repos.mentoradoId, repos.id] }),
    foreignKey({ columns: [table.mentoradoId, table.mergedInto], foreignColumns: [table.mentoradoId, table.id] }),
    check("patterns_status", sql`${table.status} in ('candidate', 'authoritative', 'rejected', 'deferred', 'deprecated')`),
    check("patterns_type", sql`${table.type} in ('code', 'filesystem')`),
    check("patterns_severity", sql`${table.defaultSeverity} in ('error', 'warning', 'info')`),
    check("patterns_channels", sql`${table.channels} <@ array['pull_request', 'agents']::text[]`),
    // On a pull request only a checker can tell.
    check(
      "patterns_pull_request_has_checker",
      sql`not ('pull_request' = any (${table.channels})) or ${table.checker} is not null`,
    ),
    check("patterns_mined_has_fingerprint", sql`(${table.origin} = 'mined') = (${table.fingerprint} is not null)`),
    check("patterns_authoritative_is_validated", sql`${table.status} <> 'authoritative' or ${table.validatedAt} is not null`),
    check("patterns_deferred_resurfaces", sql`(${table.status} = 'deferred') = (${table.resurfacesAt} is not null)`),
  ],
);

/** A place that shows a pattern, or the lack of it, at a commit. */
export const patternEvidence = pgTable(
  "pattern_evidence",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    patternId: uuid("pattern_id").notNull(),
    path: text().notNull(),
    /** From 1; null where the path itself is the evidence. */
    startLine: integer("start_line"),
    endLine: integer("end_line"),
    commitSha: text("commit_sha").notNull(),
    /** Git's hash of the file that it was seen in. */
    blobSha: text("blob_sha").notNull(),
    isCounterExample: boolean("is_counter_example").notNull().default(false),
    /** The one example that a mentor shows first. */
    isCanonical: boolean("is_canonical").notNull().default(false),
    addedBy: text("added_by", { enum: ["extraction", "person"] }).notNull(),
    /** Set when the file is not what it was: `changed` or `removed`. */
    staleReason: text("stale_reason", { enum: ["changed", "removed"] }),
    removedAt: instant("removed_at"),
    /** What a person took away, no scan brings back. */
    removedBy: text("removed_by", { enum: ["extraction", "person"] }),
    createdAt: instant("created_at").notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    index("pattern_evidence_of_pattern").on(table.mentoradoId, table.patternId, table.id),
    foreignKey({ columns: [table.mentoradoId, table.patternId], foreignColumns: [patterns.mentoradoId, patterns.id] }),
    uniqueIndex("pattern_evidence_one_canonical")
      .on(table.mentoradoId, table.patternId)
      .where(sql`${table.isCanonical} and ${table.removedAt} is null`),
    check("pattern_evidence_removed", sql`(${table.removedAt} is null) = (${table.removedBy} is null)`),
    check(
      "pattern_evidence_lines",
      sql`(${table.startLine} is null) = (${table.endLine} is null) and ${table.startLine} >= 1 and ${table.endLine} >= ${table.startLine}`,
    ),
  ],
);

/** What was decided about a pattern, by whom and why; nothing updates or deletes it. */
export const patternHistory = pgTable(
  "pattern_history",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    patternId: uuid("pattern_id").notNull(),
    /** Of the pattern, after the change. */
    version: integer().notNull(),
    action: text().notNull(),
    fromStatus: text("from_status"),
    toStatus: text("to_status").notNull(),
    actorKind: text("actor_kind", { enum: ["member", "scan", "schedule", "model"] }).notNull(),
    actorId: text("actor_id"),
    rationale: text(),
    /** What was set, moved or taken away, where the status does not say it all. */
    change: jsonb(),
    at: instant().notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    // One line for each version: a change that was lost would leave a gap, one that was doubled is refused.
    unique("pattern_history_one_per_version").on(table.mentoradoId, table.patternId, table.version),
    foreignKey({ columns: [table.mentoradoId, table.patternId], foreignColumns: [patterns.mentoradoId, patterns.id] }),
  ],
);

/** One question to a model for words. It is written before it is sent, so that what may have been asked is not asked again. */
export const wordingRequests = pgTable(
  "wording_requests",
  {
    mentoradoId: uuid("mentorado_id").notNull(),
    id: uuid().notNull(),
    repoId: uuid("repo_id").notNull(),
    /** The run that it is part of. */
    jobId: uuid("job_id").notNull(),
    model: text().notNull(),
    promptVersion: integer("prompt_version").notNull(),
    patternIds: uuid("pattern_ids").array().notNull(),
    /** Null as long as nobody knows; `failed` was not done, so that its patterns may be asked about again. */
    outcome: text({ enum: WORDING_OUTCOMES }),
    /** How many patterns it gave words. */
    worded: integer().notNull().default(0),
    inputTokens: integer("input_tokens").notNull().default(0),
    outputTokens: integer("output_tokens").notNull().default(0),
    askedAt: instant("asked_at").notNull().default(sql`now()`),
    endedAt: instant("ended_at"),
  },
  (table) => [
    primaryKey({ columns: [table.mentoradoId, table.id] }),
    index("wording_requests_of_repo").on(table.mentoradoId, table.repoId, table.askedAt),
    foreignKey({ columns: [table.mentoradoId, table.repoId], foreignColumns: [repos.mentoradoId, repos.id] }),
    check("wording_requests_outcome", sql`${table.outcome} in ('answered', 'refused', 'cut_off', 'unreadable', 'failed')`),
    check("wording_requests_ended", sql`(${table.outcome} is null) = (${table.endedAt} is null)`),
  ],
);
