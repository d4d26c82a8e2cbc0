CREATE TABLE "github_installations" (
	"installation_id" bigint PRIMARY KEY NOT NULL,
	"account_login" text NOT NULL,
	"account_type" text NOT NULL,
	"installed_by" bigint,
	"suspended_at" timestamp with time zone,
	"deleted_at" timestamp with time zone,
	"event_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "pattern_evidence" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"pattern_id" uuid NOT NULL,
	"path" text NOT NULL,
	"start_line" integer,
	"end_line" integer,
	"commit_sha" text NOT NULL,
	"blob_sha" text NOT NULL,
	"is_counter_example" boolean DEFAULT false NOT NULL,
	"is_canonical" boolean DEFAULT false NOT NULL,
	"added_by" text NOT NULL,
	"stale_reason" text,
	"removed_at" timestamp with time zone,
	"removed_by" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "pattern_evidence_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "pattern_evidence_removed" CHECK (("pattern_evidence"."removed_at" is null) = ("pattern_evidence"."removed_by" is null)),
	CONSTRAINT "pattern_evidence_lines" CHECK (("pattern_evidence"."start_line" is null) = ("pattern_evidence"."end_line" is null) and "pattern_evidence"."start_line" >= 1 and "pattern_evidence"."end_line" >= "pattern_evidence"."start_line")
);
--> statement-breakpoint
CREATE TABLE "pattern_history" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"pattern_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"action" text NOT NULL,
	"from_status" text,
	"to_status" text NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" text,
	"rationale" text,
	"change" jsonb,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "pattern_history_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "pattern_history_one_per_version" UNIQUE("mentorado_id","pattern_id","version")
);
--> statement-breakpoint
CREATE TABLE "patterns" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"repo_id" uuid NOT NULL,
	"type" text NOT NULL,
	"origin" text NOT NULL,
	"fingerprint" text,
	"name" text NOT NULL,
	"description" text NOT NULL,
	"category" text NOT NULL,
	"status" text DEFAULT 'candidate' NOT NULL,
	"status_changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"status_changed_by" uuid,
	"scope" text DEFAULT '' NOT NULL,
	"checker" jsonb,
	"strength" text,
	"hits" integer,
	"opportunities" integer,
	"files" integer,
	"lower_bound" double precision,
	"score" double precision,
	"extracted_by_model" text,
	"extracted_at" timestamp with time zone,
	"last_scan_id" uuid,
	"rationale" text,
	"default_severity" text DEFAULT 'warning' NOT NULL,
	"channels" text[] DEFAULT '{}'::text[] NOT NULL,
	"validated_by" uuid,
	"validated_at" timestamp with time zone,
	"rejection_reason" text,
	"defer_count" integer DEFAULT 0 NOT NULL,
	"deferred_at" timestamp with time zone,
	"resurfaces_at" timestamp with time zone,
	"merged_into" uuid,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "patterns_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "patterns_one_per_fingerprint" UNIQUE("mentorado_id","repo_id","fingerprint"),
	CONSTRAINT "patterns_status" CHECK ("patterns"."status" in ('candidate', 'authoritative', 'rejected', 'deferred', 'deprecated')),
	CONSTRAINT "patterns_type" CHECK ("patterns"."type" in ('code', 'filesystem')),
	CONSTRAINT "patterns_severity" CHECK ("patterns"."default_severity" in ('error', 'warning', 'info')),
	CONSTRAINT "patterns_channels" CHECK ("patterns"."channels" <@ array['pull_request', 'agents']::text[]),
	CONSTRAINT "patterns_pull_request_has_checker" CHECK (not ('pull_request' = any ("patterns"."channels")) or "patterns"."checker" is not null),
	CONSTRAINT "patterns_mined_has_fingerprint" CHECK (("patterns"."origin" = 'mined') = ("patterns"."fingerprint" is not null)),
	CONSTRAINT "patterns_authoritative_is_validated" CHECK ("patterns"."status" <> 'authoritative' or "patterns"."validated_at" is not null),
	CONSTRAINT "patterns_deferred_resurfaces" CHECK (("patterns"."status" = 'deferred') = ("patterns"."resurfaces_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "repo_files" (
	"mentorado_id" uuid NOT NULL,
	"repo_id" uuid NOT NULL,
	"path" text NOT NULL,
	"blob_sha" text NOT NULL,
	"size_bytes" integer NOT NULL,
	"miner_version" integer NOT NULL,
	"kind" text NOT NULL,
	"skipped_as" text,
	"tally" jsonb NOT NULL,
	"scan_id" uuid NOT NULL,
	"is_present" boolean DEFAULT true NOT NULL,
	CONSTRAINT "repo_files_mentorado_id_repo_id_path_pk" PRIMARY KEY("mentorado_id","repo_id","path"),
	CONSTRAINT "repo_files_kind" CHECK ("repo_files"."kind" in ('source', 'other', 'skipped')),
	CONSTRAINT "repo_files_skipped_has_reason" CHECK (("repo_files"."kind" = 'skipped') = ("repo_files"."skipped_as" is not null))
);
--> statement-breakpoint
CREATE TABLE "repos" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"student_id" uuid,
	"source" text NOT NULL,
	"installation_id" bigint,
	"github_id" bigint,
	"full_name" text NOT NULL,
	"default_branch" text,
	"is_private" boolean DEFAULT false NOT NULL,
	"connected_by" uuid NOT NULL,
	"check_mode" text DEFAULT 'shadow' NOT NULL,
	"disconnected_at" timestamp with time zone,
	"duplicate_of" uuid,
	"adopted_scan_id" uuid,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "repos_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "repos_check_mode" CHECK ("repos"."check_mode" in ('off', 'shadow', 'enforce') and ("repos"."check_mode" <> 'enforce' or "repos"."source" = 'installation')),
	CONSTRAINT "repos_source" CHECK (("repos"."source" = 'installation') = ("repos"."installation_id" is not null) and "repos"."source" in ('installation', 'public'))
);
--> statement-breakpoint
CREATE TABLE "scan_shards" (
	"mentorado_id" uuid NOT NULL,
	"scan_id" uuid NOT NULL,
	"shard" integer NOT NULL,
	"step" integer DEFAULT 0 NOT NULL,
	"is_done" boolean DEFAULT false NOT NULL,
	"skipped" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "scan_shards_mentorado_id_scan_id_shard_pk" PRIMARY KEY("mentorado_id","scan_id","shard")
);
--> statement-breakpoint
CREATE TABLE "scans" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"repo_id" uuid NOT NULL,
	"commit_sha" text,
	"miner_version" integer NOT NULL,
	"kind" text,
	"status" text DEFAULT 'running' NOT NULL,
	"failure" text,
	"github_id" bigint,
	"full_name" text,
	"default_branch" text,
	"is_private" boolean,
	"shards" integer DEFAULT 1 NOT NULL,
	"shards_left" integer DEFAULT 1 NOT NULL,
	"files_total" integer DEFAULT 0 NOT NULL,
	"files_read" integer DEFAULT 0 NOT NULL,
	"bytes_read" bigint DEFAULT 0 NOT NULL,
	"skipped" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"state_hash" text,
	"candidates" jsonb,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "scans_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "scans_status" CHECK ("scans"."status" in ('running', 'done', 'failed', 'superseded')),
	CONSTRAINT "scans_failed_has_reason" CHECK (("scans"."status" = 'failed') = ("scans"."failure" is not null)),
	CONSTRAINT "scans_know_their_commit" CHECK ("scans"."status" = 'failed' or num_nulls("scans"."commit_sha", "scans"."kind", "scans"."github_id", "scans"."full_name", "scans"."default_branch", "scans"."is_private") = 0),
	CONSTRAINT "scans_shards" CHECK ("scans"."shards" between 1 and 16 and "scans"."shards_left" between 0 and "scans"."shards")
);
--> statement-breakpoint
CREATE TABLE "wording_requests" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"repo_id" uuid NOT NULL,
	"job_id" uuid NOT NULL,
	"model" text NOT NULL,
	"prompt_version" integer NOT NULL,
	"pattern_ids" uuid[] NOT NULL,
	"outcome" text,
	"worded" integer DEFAULT 0 NOT NULL,
	"input_tokens" integer DEFAULT 0 NOT NULL,
	"output_tokens" integer DEFAULT 0 NOT NULL,
	"asked_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "wording_requests_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "wording_requests_outcome" CHECK ("wording_requests"."outcome" in ('answered', 'refused', 'cut_off', 'unreadable', 'failed')),
	CONSTRAINT "wording_requests_ended" CHECK (("wording_requests"."outcome" is null) = ("wording_requests"."ended_at" is null))
);
--> statement-breakpoint
CREATE TABLE "pull_check_patterns" (
	"mentorado_id" uuid NOT NULL,
	"pull_check_id" uuid NOT NULL,
	"pattern_id" uuid NOT NULL,
	"opportunities" integer NOT NULL,
	"hits" integer NOT NULL,
	CONSTRAINT "pull_check_patterns_mentorado_id_pull_check_id_pattern_id_pk" PRIMARY KEY("mentorado_id","pull_check_id","pattern_id"),
	CONSTRAINT "pull_check_patterns_counts" CHECK ("pull_check_patterns"."opportunities" > 0 and "pull_check_patterns"."hits" between 0 and "pull_check_patterns"."opportunities")
);
--> statement-breakpoint
CREATE TABLE "pull_checks" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"pull_request_id" uuid NOT NULL,
	"head_sha" text NOT NULL,
	"base_ref" text NOT NULL,
	"status" text NOT NULL,
	"failure" text,
	"is_shadow" boolean NOT NULL,
	"conclusion" text,
	"check_run_id" bigint,
	"files_read" integer DEFAULT 0 NOT NULL,
	"left_out" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"waived" integer DEFAULT 0 NOT NULL,
	"dismissed" integer DEFAULT 0 NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "pull_checks_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "pull_checks_status" CHECK ("pull_checks"."status" in ('running', 'done', 'failed', 'superseded')),
	CONSTRAINT "pull_checks_failed_has_reason" CHECK (("pull_checks"."status" = 'failed') = ("pull_checks"."failure" is not null)),
	CONSTRAINT "pull_checks_done_has_conclusion" CHECK ("pull_checks"."status" <> 'done' or "pull_checks"."conclusion" is not null)
);
--> statement-breakpoint
CREATE TABLE "pull_requests" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"repo_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"title" text NOT NULL,
	"author_login" text NOT NULL,
	"state" text NOT NULL,
	"head_sha" text NOT NULL,
	"base_ref" text NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"event_at" timestamp with time zone NOT NULL,
	"reviews" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "pull_requests_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "pull_requests_numbered" UNIQUE("mentorado_id","repo_id","number"),
	CONSTRAINT "pull_requests_state" CHECK ("pull_requests"."state" in ('open', 'closed', 'merged'))
);
--> statement-breakpoint
CREATE TABLE "violation_dismissals" (
	"mentorado_id" uuid NOT NULL,
	"violation_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"is_false_positive" boolean NOT NULL,
	"dismissed_by" uuid NOT NULL,
	"dismissed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "violation_dismissals_mentorado_id_violation_id_pk" PRIMARY KEY("mentorado_id","violation_id")
);
--> statement-breakpoint
CREATE TABLE "violations" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"pull_request_id" uuid NOT NULL,
	"pattern_id" uuid NOT NULL,
	"fingerprint" text NOT NULL,
	"path" text NOT NULL,
	"start_line" integer NOT NULL,
	"end_line" integer NOT NULL,
	"value" text NOT NULL,
	"severity" text NOT NULL,
	"diff_line" integer,
	"last_check_id" uuid NOT NULL,
	"comment_id" bigint,
	"comment_says" text,
	"resolved_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "violations_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "violations_once" UNIQUE("mentorado_id","pull_request_id","fingerprint"),
	CONSTRAINT "violations_severity" CHECK ("violations"."severity" in ('error', 'warning', 'info')),
	CONSTRAINT "violations_comment" CHECK (("violations"."comment_id" is null) = ("violations"."comment_says" is null)),
	CONSTRAINT "violations_lines" CHECK ("violations"."start_line" >= 1 and "violations"."end_line" >= "violations"."start_line")
);
--> statement-breakpoint
CREATE TABLE "waivers" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"pattern_id" uuid NOT NULL,
	"glob" text NOT NULL,
	"reason" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	"created_by" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "waivers_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "waivers_expire" CHECK ("waivers"."expires_at" > "waivers"."created_at")
);
--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "github_user_id" bigint;--> statement-breakpoint
ALTER TABLE "pattern_evidence" ADD CONSTRAINT "pattern_evidence_mentorado_id_pattern_id_patterns_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","pattern_id") REFERENCES "public"."patterns"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pattern_history" ADD CONSTRAINT "pattern_history_mentorado_id_pattern_id_patterns_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","pattern_id") REFERENCES "public"."patterns"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "patterns" ADD CONSTRAINT "patterns_mentorado_id_repo_id_repos_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","repo_id") REFERENCES "public"."repos"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "patterns" ADD CONSTRAINT "patterns_mentorado_id_merged_into_patterns_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","merged_into") REFERENCES "public"."patterns"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "repo_files" ADD CONSTRAINT "repo_files_mentorado_id_repo_id_repos_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","repo_id") REFERENCES "public"."repos"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "repo_files" ADD CONSTRAINT "repo_files_mentorado_id_scan_id_scans_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","scan_id") REFERENCES "public"."scans"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "repos" ADD CONSTRAINT "repos_mentorado_id_mentorados_id_fk" FOREIGN KEY ("mentorado_id") REFERENCES "public"."mentorados"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "repos" ADD CONSTRAINT "repos_mentorado_id_student_id_students_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","student_id") REFERENCES "public"."students"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "repos" ADD CONSTRAINT "repos_mentorado_id_duplicate_of_repos_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","duplicate_of") REFERENCES "public"."repos"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "scan_shards" ADD CONSTRAINT "scan_shards_mentorado_id_scan_id_scans_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","scan_id") REFERENCES "public"."scans"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "scans" ADD CONSTRAINT "scans_mentorado_id_repo_id_repos_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","repo_id") REFERENCES "public"."repos"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "wording_requests" ADD CONSTRAINT "wording_requests_mentorado_id_repo_id_repos_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","repo_id") REFERENCES "public"."repos"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pull_check_patterns" ADD CONSTRAINT "pull_check_patterns_mentorado_id_pull_check_id_pull_checks_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","pull_check_id") REFERENCES "public"."pull_checks"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pull_check_patterns" ADD CONSTRAINT "pull_check_patterns_mentorado_id_pattern_id_patterns_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","pattern_id") REFERENCES "public"."patterns"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pull_checks" ADD CONSTRAINT "pull_checks_mentorado_id_pull_request_id_pull_requests_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","pull_request_id") REFERENCES "public"."pull_requests"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pull_requests" ADD CONSTRAINT "pull_requests_mentorado_id_repo_id_repos_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","repo_id") REFERENCES "public"."repos"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "violation_dismissals" ADD CONSTRAINT "violation_dismissals_mentorado_id_violation_id_violations_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","violation_id") REFERENCES "public"."violations"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "violations" ADD CONSTRAINT "violations_mentorado_id_pull_request_id_pull_requests_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","pull_request_id") REFERENCES "public"."pull_requests"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "violations" ADD CONSTRAINT "violations_mentorado_id_pattern_id_patterns_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","pattern_id") REFERENCES "public"."patterns"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "violations" ADD CONSTRAINT "violations_mentorado_id_last_check_id_pull_checks_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","last_check_id") REFERENCES "public"."pull_checks"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "waivers" ADD CONSTRAINT "waivers_mentorado_id_pattern_id_patterns_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","pattern_id") REFERENCES "public"."patterns"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "pattern_evidence_of_pattern" ON "pattern_evidence" USING btree ("mentorado_id","pattern_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "pattern_evidence_one_canonical" ON "pattern_evidence" USING btree ("mentorado_id","pattern_id") WHERE "pattern_evidence"."is_canonical" and "pattern_evidence"."removed_at" is null;--> statement-breakpoint
CREATE INDEX "patterns_of_repo" ON "patterns" USING btree ("mentorado_id","repo_id","status","id");--> statement-breakpoint
CREATE UNIQUE INDEX "repos_one_per_name" ON "repos" USING btree ("mentorado_id",lower("full_name")) WHERE "repos"."disconnected_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "repos_one_per_github_id" ON "repos" USING btree ("mentorado_id","github_id") WHERE "repos"."disconnected_at" is null;--> statement-breakpoint
CREATE INDEX "repos_of_github_id" ON "repos" USING btree ("github_id");--> statement-breakpoint
CREATE INDEX "repos_of_student" ON "repos" USING btree ("mentorado_id","student_id");--> statement-breakpoint
CREATE UNIQUE INDEX "scans_one_running" ON "scans" USING btree ("mentorado_id","repo_id") WHERE "scans"."status" = 'running';--> statement-breakpoint
CREATE INDEX "scans_of_repo" ON "scans" USING btree ("mentorado_id","repo_id","started_at");--> statement-breakpoint
CREATE INDEX "wording_requests_of_repo" ON "wording_requests" USING btree ("mentorado_id","repo_id","asked_at");--> statement-breakpoint
CREATE INDEX "pull_check_patterns_of_pattern" ON "pull_check_patterns" USING btree ("mentorado_id","pattern_id");--> statement-breakpoint
CREATE UNIQUE INDEX "pull_checks_one_running" ON "pull_checks" USING btree ("mentorado_id","pull_request_id") WHERE "pull_checks"."status" = 'running';--> statement-breakpoint
CREATE INDEX "pull_checks_of_pull_request" ON "pull_checks" USING btree ("mentorado_id","pull_request_id","id");--> statement-breakpoint
CREATE INDEX "pull_requests_of_repo" ON "pull_requests" USING btree ("mentorado_id","repo_id","id");--> statement-breakpoint
CREATE INDEX "violations_of_pattern" ON "violations" USING btree ("mentorado_id","pattern_id","id");--> statement-breakpoint
CREATE INDEX "waivers_of_pattern" ON "waivers" USING btree ("mentorado_id","pattern_id","id");