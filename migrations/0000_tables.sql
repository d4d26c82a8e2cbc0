CREATE TABLE "charge_events" (
	"mentorado_id" uuid NOT NULL,
	"event_id" uuid NOT NULL,
	"charge_id" uuid NOT NULL,
	"event_type" text NOT NULL,
	"outcome" text NOT NULL,
	"status" text,
	"recorded_at" timestamp with time zone DEFAULT now() NOT NULL,
	"known_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "charge_events_mentorado_id_event_id_pk" PRIMARY KEY("mentorado_id","event_id")
);
--> statement-breakpoint
CREATE TABLE "charges" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"installment_id" uuid,
	"subscription_id" uuid,
	"student_id" uuid NOT NULL,
	"description" text,
	"billing_type" text NOT NULL,
	"amount_cents" bigint NOT NULL,
	"currency" text DEFAULT 'BRL' NOT NULL,
	"due_date" date NOT NULL,
	"status" text DEFAULT 'draft' NOT NULL,
	"status_rank" smallint DEFAULT 0 NOT NULL,
	"provider_status" text,
	"external_id" text,
	"net_cents" bigint,
	"refunded_cents" bigint DEFAULT 0 NOT NULL,
	"invoice_url" text,
	"pix_payload" text,
	"pix_expires_at" timestamp with time zone,
	"boleto_line" text,
	"boleto_url" text,
	"received_at" timestamp with time zone,
	"asked_at" timestamp with time zone,
	"write_off_reason" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "charges_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "charges_one_per_installment" UNIQUE("mentorado_id","installment_id"),
	CONSTRAINT "charges_external_id" UNIQUE("mentorado_id","external_id"),
	CONSTRAINT "charges_amount" CHECK ("charges"."amount_cents" > 0)
);
--> statement-breakpoint
CREATE TABLE "dunning_opt_outs" (
	"mentorado_id" uuid NOT NULL,
	"student_id" uuid NOT NULL,
	"is_opted_out" boolean NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "dunning_opt_outs_mentorado_id_student_id_pk" PRIMARY KEY("mentorado_id","student_id")
);
--> statement-breakpoint
CREATE TABLE "dunning_policies" (
	"mentorado_id" uuid PRIMARY KEY NOT NULL,
	"is_enabled" boolean NOT NULL,
	"steps" smallint[] NOT NULL,
	"quiet_from" time NOT NULL,
	"quiet_until" time NOT NULL,
	"skips_weekends" boolean NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger_entries" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"kind" text NOT NULL,
	"charge_id" uuid NOT NULL,
	"movement" text NOT NULL,
	"source" text NOT NULL,
	"source_event_id" uuid,
	"occurred_at" timestamp with time zone NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL,
	"previous_hash" "bytea" NOT NULL,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "ledger_entries_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "ledger_entries_chained" UNIQUE("mentorado_id","seq"),
	CONSTRAINT "ledger_entries_once" UNIQUE("mentorado_id","charge_id","movement")
);
--> statement-breakpoint
CREATE TABLE "ledger_heads" (
	"mentorado_id" uuid PRIMARY KEY NOT NULL,
	"seq" bigint NOT NULL,
	"hash" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger_lines" (
	"mentorado_id" uuid NOT NULL,
	"entry_id" uuid NOT NULL,
	"account" text NOT NULL,
	"amount_cents" bigint NOT NULL,
	"currency" text DEFAULT 'BRL' NOT NULL,
	CONSTRAINT "ledger_lines_mentorado_id_entry_id_account_pk" PRIMARY KEY("mentorado_id","entry_id","account")
);
--> statement-breakpoint
CREATE TABLE "payment_reminders" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"charge_id" uuid NOT NULL,
	"step" smallint NOT NULL,
	"channel" text DEFAULT 'in_app' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payment_reminders_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "payment_reminders_once" UNIQUE("mentorado_id","charge_id","step")
);
--> statement-breakpoint
CREATE TABLE "provider_accounts" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"provider" text NOT NULL,
	"account_ref" text NOT NULL,
	"environment" text DEFAULT 'sandbox' NOT NULL,
	"api_key_encrypted" "bytea" NOT NULL,
	"api_key_key_version" smallint NOT NULL,
	"api_key_last4" text DEFAULT '' NOT NULL,
	"webhook_token_digest" "bytea" NOT NULL,
	"webhook_external_id" text,
	"is_active" boolean DEFAULT true NOT NULL,
	"tested_at" timestamp with time zone,
	"test_result" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "provider_accounts_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "provider_accounts_one_per_provider" UNIQUE("mentorado_id","provider"),
	CONSTRAINT "provider_accounts_ref" UNIQUE("provider","account_ref")
);
--> statement-breakpoint
CREATE TABLE "provider_customers" (
	"mentorado_id" uuid NOT NULL,
	"student_id" uuid NOT NULL,
	"provider" text NOT NULL,
	"external_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "provider_customers_mentorado_id_provider_student_id_pk" PRIMARY KEY("mentorado_id","provider","student_id")
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"student_id" uuid NOT NULL,
	"billing_type" text NOT NULL,
	"cycle" text NOT NULL,
	"amount_cents" bigint NOT NULL,
	"currency" text DEFAULT 'BRL' NOT NULL,
	"next_due_date" date NOT NULL,
	"end_date" date,
	"max_payments" integer,
	"description" text,
	"status" text DEFAULT 'draft' NOT NULL,
	"external_id" text,
	"status_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "subscriptions_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "subscriptions_external_id" UNIQUE("mentorado_id","external_id"),
	CONSTRAINT "subscriptions_amount" CHECK ("subscriptions"."amount_cents" > 0)
);
--> statement-breakpoint
CREATE TABLE "sync_conflicts" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"external_id" text NOT NULL,
	"charge_id" uuid,
	"local" jsonb,
	"remote" jsonb,
	"status" text DEFAULT 'pending' NOT NULL,
	"resolution" text,
	"resolved_by" text,
	"resolved_at" timestamp with time zone,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "sync_conflicts_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id")
);
--> statement-breakpoint
CREATE TABLE "sync_states" (
	"mentorado_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"watermark" date NOT NULL,
	"next_offset" integer,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"compared" integer DEFAULT 0 NOT NULL,
	"repaired" integer DEFAULT 0 NOT NULL,
	"conflicts" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "sync_states_mentorado_id_kind_pk" PRIMARY KEY("mentorado_id","kind")
);
--> statement-breakpoint
CREATE TABLE "enrollments" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"student_id" uuid NOT NULL,
	"offering_id" uuid NOT NULL,
	"status" text DEFAULT 'awaiting_start' NOT NULL,
	"total_cents" bigint NOT NULL,
	"currency" text DEFAULT 'BRL' NOT NULL,
	"installment_count" integer NOT NULL,
	"billing_type" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "enrollments_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "enrollments_total" CHECK ("enrollments"."total_cents" > 0),
	CONSTRAINT "enrollments_installments" CHECK ("enrollments"."installment_count" between 1 and 120)
);
--> statement-breakpoint
CREATE TABLE "installments" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"enrollment_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"due_date" date NOT NULL,
	"amount_cents" bigint NOT NULL,
	CONSTRAINT "installments_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "installments_numbered" UNIQUE("mentorado_id","enrollment_id","number"),
	CONSTRAINT "installments_amount" CHECK ("installments"."amount_cents" > 0)
);
--> statement-breakpoint
CREATE TABLE "lead_forms" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"form_key" text NOT NULL,
	"name" text NOT NULL,
	"consent_text_version" text NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "lead_forms_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "lead_forms_form_key_unique" UNIQUE("form_key")
);
--> statement-breakpoint
CREATE TABLE "lead_stage_history" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lead_id" uuid NOT NULL,
	"from_stage" text,
	"to_stage" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "lead_stage_history_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id")
);
--> statement-breakpoint
CREATE TABLE "leads" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"email" text,
	"phone" text,
	"phone_key" text,
	"occupation" text,
	"experience_years" integer,
	"stack" text[] DEFAULT '{}'::text[] NOT NULL,
	"goal" text,
	"main_objection" text,
	"message" text,
	"source" text DEFAULT 'other' NOT NULL,
	"stage" text DEFAULT 'new' NOT NULL,
	"lost_reason" text,
	"assigned_to" uuid,
	"student_id" uuid,
	"consent_granted" boolean DEFAULT false NOT NULL,
	"consent_text_version" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "leads_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "leads_one_per_phone" UNIQUE("mentorado_id","phone_key"),
	CONSTRAINT "leads_stage" CHECK ("leads"."stage" in ('new', 'first_contact', 'qualified', 'proposal', 'negotiation', 'won', 'lost')),
	CONSTRAINT "leads_lost_has_reason" CHECK ("leads"."stage" <> 'lost' or "leads"."lost_reason" is not null),
	CONSTRAINT "leads_won_has_student" CHECK ("leads"."stage" <> 'won' or "leads"."student_id" is not null)
);
--> statement-breakpoint
CREATE TABLE "offerings" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"price_cents" bigint NOT NULL,
	"currency" text DEFAULT 'BRL' NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "offerings_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "offerings_price" CHECK ("offerings"."price_cents" >= 0)
);
--> statement-breakpoint
CREATE TABLE "students" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"lead_id" uuid,
	"name" text NOT NULL,
	"email" text,
	"phone" text,
	"tax_id_encrypted" "bytea",
	"tax_id_key_version" smallint,
	"tax_id_index" "bytea",
	"status" text DEFAULT 'active' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "students_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "students_one_per_lead" UNIQUE("mentorado_id","lead_id"),
	CONSTRAINT "students_one_per_tax_id" UNIQUE("mentorado_id","tax_id_index"),
	CONSTRAINT "students_status" CHECK ("students"."status" in ('active', 'inactive', 'paused', 'graduated'))
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"mentorado_id" uuid,
	"id" bigint GENERATED ALWAYS AS IDENTITY (sequence name "audit_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor_type" text NOT NULL,
	"actor_id" text,
	"request_id" text,
	"reason" text,
	"action" text NOT NULL,
	"table_name" text NOT NULL,
	"row_id" text NOT NULL,
	"before" jsonb,
	"after" jsonb,
	CONSTRAINT "audit_log_id_pk" PRIMARY KEY("id")
);
--> statement-breakpoint
CREATE TABLE "memberships" (
	"mentorado_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role" text NOT NULL,
	"role_revision" bigint DEFAULT 0 NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "memberships_mentorado_id_id_pk" PRIMARY KEY("mentorado_id","id"),
	CONSTRAINT "memberships_one_per_person" UNIQUE("mentorado_id","user_id"),
	CONSTRAINT "memberships_role" CHECK ("memberships"."role" in ('owner', 'manager', 'sales', 'success', 'support', 'viewer')),
	CONSTRAINT "memberships_status" CHECK ("memberships"."status" in ('active', 'revoked'))
);
--> statement-breakpoint
CREATE TABLE "mentorados" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"slug" text NOT NULL,
	"timezone" text DEFAULT 'America/Sao_Paulo' NOT NULL,
	"clerk_organization_id" text,
	"status" text DEFAULT 'active' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "mentorados_slug_unique" UNIQUE("slug"),
	CONSTRAINT "mentorados_clerk_organization_id_unique" UNIQUE("clerk_organization_id"),
	CONSTRAINT "mentorados_status" CHECK ("mentorados"."status" in ('active', 'suspended', 'closed'))
);
--> statement-breakpoint
CREATE TABLE "revoked_sessions" (
	"session_id" text PRIMARY KEY NOT NULL,
	"revoked_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"clerk_user_id" text NOT NULL,
	"email" text,
	"name" text,
	"is_admin" boolean DEFAULT false NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"session_epoch" bigint DEFAULT 1 NOT NULL,
	"clerk_updated_at_ms" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_clerk_user_id_unique" UNIQUE("clerk_user_id")
);
--> statement-breakpoint
CREATE TABLE "effects" (
	"mentorado_id" uuid NOT NULL,
	"key" text NOT NULL,
	"state" text NOT NULL,
	"job_id" uuid NOT NULL,
	"attempts" integer DEFAULT 1 NOT NULL,
	"response" jsonb,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "effects_mentorado_id_key_pk" PRIMARY KEY("mentorado_id","key")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"mentorado_id" uuid NOT NULL,
	"procedure" text NOT NULL,
	"key" text NOT NULL,
	"request_sha256" "bytea" NOT NULL,
	"response" jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_mentorado_id_procedure_key_pk" PRIMARY KEY("mentorado_id","procedure","key")
);
--> statement-breakpoint
CREATE TABLE "jobs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"mentorado_id" uuid,
	"worker_group" text NOT NULL,
	"name" text NOT NULL,
	"dedup_key" text NOT NULL,
	"payload" jsonb NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"run_at" timestamp with time zone DEFAULT now() NOT NULL,
	"attempts" smallint DEFAULT 0 NOT NULL,
	"max_attempts" smallint NOT NULL,
	"lease_token" uuid,
	"lease_until" timestamp with time zone,
	"ring" integer DEFAULT 1 NOT NULL,
	"rung_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_error" text,
	"request_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"done_at" timestamp with time zone,
	CONSTRAINT "jobs_dedup_key_unique" UNIQUE("dedup_key"),
	CONSTRAINT "jobs_status" CHECK ("jobs"."status" in ('pending', 'running', 'done', 'dead'))
);
--> statement-breakpoint
CREATE TABLE "schedule_slots" (
	"schedule" text NOT NULL,
	"mentorado_id" uuid NOT NULL,
	"slot" timestamp with time zone NOT NULL,
	"job_id" uuid NOT NULL,
	"is_late" boolean NOT NULL,
	"is_operated" boolean DEFAULT false NOT NULL,
	"fired_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "schedule_slots_mentorado_id_schedule_slot_pk" PRIMARY KEY("mentorado_id","schedule","slot")
);
--> statement-breakpoint
CREATE TABLE "schedules" (
	"name" text PRIMARY KEY NOT NULL,
	"is_enabled" boolean DEFAULT true NOT NULL,
	"known_since" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"account_ref" text NOT NULL,
	"event_id" text NOT NULL,
	"event_type" text NOT NULL,
	"mentorado_id" uuid,
	"raw" "bytea" NOT NULL,
	"raw_sha256" "bytea" NOT NULL,
	"deliveries" integer DEFAULT 1 NOT NULL,
	"mismatch" boolean DEFAULT false NOT NULL,
	"request_id" text NOT NULL,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_events_once" UNIQUE("provider","account_ref","event_id")
);
--> statement-breakpoint
ALTER TABLE "charge_events" ADD CONSTRAINT "charge_events_mentorado_id_charge_id_charges_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","charge_id") REFERENCES "public"."charges"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charge_events" ADD CONSTRAINT "charge_events_event_id_webhook_events_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."webhook_events"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charges" ADD CONSTRAINT "charges_mentorado_id_student_id_students_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","student_id") REFERENCES "public"."students"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charges" ADD CONSTRAINT "charges_mentorado_id_subscription_id_subscriptions_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","subscription_id") REFERENCES "public"."subscriptions"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charges" ADD CONSTRAINT "charges_mentorado_id_installment_id_installments_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","installment_id") REFERENCES "public"."installments"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dunning_opt_outs" ADD CONSTRAINT "dunning_opt_outs_mentorado_id_student_id_students_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","student_id") REFERENCES "public"."students"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dunning_policies" ADD CONSTRAINT "dunning_policies_mentorado_id_mentorados_id_fk" FOREIGN KEY ("mentorado_id") REFERENCES "public"."mentorados"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_mentorado_id_charge_id_charges_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","charge_id") REFERENCES "public"."charges"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_source_event_id_webhook_events_id_fk" FOREIGN KEY ("source_event_id") REFERENCES "public"."webhook_events"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_heads" ADD CONSTRAINT "ledger_heads_mentorado_id_mentorados_id_fk" FOREIGN KEY ("mentorado_id") REFERENCES "public"."mentorados"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledger_lines" ADD CONSTRAINT "ledger_lines_mentorado_id_entry_id_ledger_entries_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","entry_id") REFERENCES "public"."ledger_entries"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_reminders" ADD CONSTRAINT "payment_reminders_mentorado_id_charge_id_charges_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","charge_id") REFERENCES "public"."charges"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "provider_accounts" ADD CONSTRAINT "provider_accounts_mentorado_id_mentorados_id_fk" FOREIGN KEY ("mentorado_id") REFERENCES "public"."mentorados"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "provider_customers" ADD CONSTRAINT "provider_customers_mentorado_id_student_id_students_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","student_id") REFERENCES "public"."students"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_mentorado_id_student_id_students_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","student_id") REFERENCES "public"."students"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sync_conflicts" ADD CONSTRAINT "sync_conflicts_mentorado_id_charge_id_charges_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","charge_id") REFERENCES "public"."charges"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "enrollments" ADD CONSTRAINT "enrollments_mentorado_id_student_id_students_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","student_id") REFERENCES "public"."students"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "enrollments" ADD CONSTRAINT "enrollments_mentorado_id_offering_id_offerings_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","offering_id") REFERENCES "public"."offerings"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "installments" ADD CONSTRAINT "installments_mentorado_id_enrollment_id_enrollments_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","enrollment_id") REFERENCES "public"."enrollments"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lead_forms" ADD CONSTRAINT "lead_forms_mentorado_id_mentorados_id_fk" FOREIGN KEY ("mentorado_id") REFERENCES "public"."mentorados"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lead_stage_history" ADD CONSTRAINT "lead_stage_history_mentorado_id_lead_id_leads_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","lead_id") REFERENCES "public"."leads"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "leads" ADD CONSTRAINT "leads_mentorado_id_mentorados_id_fk" FOREIGN KEY ("mentorado_id") REFERENCES "public"."mentorados"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "offerings" ADD CONSTRAINT "offerings_mentorado_id_mentorados_id_fk" FOREIGN KEY ("mentorado_id") REFERENCES "public"."mentorados"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "students" ADD CONSTRAINT "students_mentorado_id_lead_id_leads_mentorado_id_id_fk" FOREIGN KEY ("mentorado_id","lead_id") REFERENCES "public"."leads"("mentorado_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_mentorado_id_mentorados_id_fk" FOREIGN KEY ("mentorado_id") REFERENCES "public"."mentorados"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "charge_events_of_charge" ON "charge_events" USING btree ("mentorado_id","charge_id");--> statement-breakpoint
CREATE INDEX "charges_due" ON "charges" USING btree ("mentorado_id","due_date");--> statement-breakpoint
CREATE INDEX "ledger_entries_recorded" ON "ledger_entries" USING btree ("mentorado_id","recorded_at");--> statement-breakpoint
CREATE INDEX "ledger_entries_occurred" ON "ledger_entries" USING btree ("mentorado_id","occurred_at");--> statement-breakpoint
CREATE INDEX "sync_conflicts_pending" ON "sync_conflicts" USING btree ("mentorado_id","status","id");--> statement-breakpoint
CREATE UNIQUE INDEX "sync_conflicts_once" ON "sync_conflicts" USING btree ("mentorado_id","external_id","kind") WHERE "sync_conflicts"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "enrollments_of_student" ON "enrollments" USING btree ("mentorado_id","student_id");--> statement-breakpoint
CREATE INDEX "lead_stage_history_of_lead" ON "lead_stage_history" USING btree ("mentorado_id","lead_id","at");--> statement-breakpoint
CREATE INDEX "audit_log_of_row" ON "audit_log" USING btree ("mentorado_id","table_name","row_id","id");--> statement-breakpoint
CREATE INDEX "memberships_of_user" ON "memberships" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "jobs_unfinished" ON "jobs" USING btree ("rung_at") WHERE "jobs"."status" in ('pending', 'running');--> statement-breakpoint
CREATE INDEX "jobs_of_mentorado" ON "jobs" USING btree ("mentorado_id","created_at");--> statement-breakpoint
CREATE INDEX "webhook_events_of_mentorado" ON "webhook_events" USING btree ("mentorado_id","received_at");