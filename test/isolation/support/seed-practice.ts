import { v7 as uuidv7 } from "uuid";
import { ROLES, type Role } from "../../../shared/db/schema/tenancy.ts";
import type { TestDatabase } from "../../support/database.ts";
import type { Person } from "../../support/platform.ts";

/** What no answer may ever hold: it is in every sensitive column of every practice. */
export const CANARY = "canary-4f1d";

/** A mentorado with a member of each role and at least one row in each of its tables. Two practices have the same keys in `ids`. */
export interface Practice {
  mentoradoId: string;
  formKey: string;
  members: Record<Role, Person>;
  /** Of the GitHub App, made by the owner. */
  installationId: number;
  /** Of the rows that a procedure may be asked for, by what they are. */
  ids: Record<(typeof NAMED_ROWS)[number], string>;
  /** In every word of it. */
  tag: string;
  /** Every id and word that belongs to this practice alone. */
  marks: string[];
}

const NAMED_ROWS = [
  "firstLead",
  "lead",
  "openLead",
  "offering",
  "student",
  "enrollment",
  "installment",
  "unbilledInstallment",
  "charge",
  "openCharge",
  "cashCharge",
  "draftCharge",
  "subscription",
  "chargeJob",
  "reminder",
  "receiptEntry",
  "openEntry",
  "cashbackEntry",
  "ledgerEntry",
  "event",
  "statusConflict",
  "conflict",
  "membership",
  "user",
  "repo",
  "scan",
  "pattern",
  "otherPattern",
  "authoritative",
  "rejected",
  "evidence",
  "historyLine",
  "pullRequest",
  "pullCheck",
  "violation",
  "waiver",
] as const;

const OTHER_ROWS = ["waitingJob", "deadJob", "account", "history", "form", "dismissed"] as const;

/** Ids are given in the order of `NAMED_ROWS`, so that a practice that is made later has the greater ids throughout. */
export async function seedPractice(
  { query }: Pick<TestDatabase, "query">,
  { dunningSteps = [-3, 0, 1] }: { dunningSteps?: number[] } = {},
): Promise<Practice> {
  const mentoradoId = uuidv7();
  const tag = uuidv7().slice(-12);
  const formKey = `form-${tag}`;
  const ids = Object.fromEntries(NAMED_ROWS.map((name) => [name, uuidv7()])) as Practice["ids"];
  const entries = ROLES.map((role) => [role, newPerson(role === "viewer" ? ids.user : uuidv7())] as const);
  const members = Object.fromEntries(entries) as Practice["members"];
  const others = Object.fromEntries(OTHER_ROWS.map((name) => [name, uuidv7()])) as Record<(typeof OTHER_ROWS)[number], string>;
  const installationId = Number.parseInt(tag, 16);
  await query(sqlOf({ mentoradoId, tag, formKey, ids, members, others, dunningSteps }));
  await query(craftSqlOf({ mentoradoId, tag, installationId, ids, members, others }));
  const people = Object.values(members).flatMap(({ userId, clerkUserId }) => [userId, clerkUserId]);
  return {
    mentoradoId,
    formKey,
    installationId,
    members,
    ids,
    tag,
    marks: [...Object.values(ids), ...Object.values(others), ...people, mentoradoId, tag, String(installationId)],
  };
}

function newPerson(userId: string): Person {
  return { userId, clerkUserId: `user_${userId}`, sessionId: `sess_${userId}` };
}

/** One message of several statements, so one transaction. The values are ids of our own making. */
function sqlOf({
  mentoradoId: m,
  tag,
  formKey,
  ids,
  members,
  others,
  dunningSteps,
}: Pick<Practice, "mentoradoId" | "formKey" | "ids" | "members" | "tag"> & {
  others: Record<(typeof OTHER_ROWS)[number], string>;
  dunningSteps: number[];
}): string {
  const people = Object.entries(members);
  const entry = (id: string, charge: string, kind: string, source: string, event: string | null, lines: Record<string, number>) =>
    `select guilda.post_entry('${m}', '${id}', '${charge}', '${kind}', '${kind}', '${source}', ${event === null ? "null" : `'${event}'`}, '2026-12-05T12:00Z', '${JSON.stringify(lines)}');`;
  const entries = [
    entry(ids.ledgerEntry, ids.charge, "charge", `asaas:evt_${tag}`, ids.event, { receivable: 10_000, revenue: -10_000 }),
    entry(ids.receiptEntry, ids.charge, "receipt", `asaas:evt_${tag}`, ids.event, {
      cash: 9_801,
      fees: 199,
      receivable: -10_000,
    }),
    entry(ids.cashbackEntry, ids.charge, "cashback", `user:${members.owner.userId}`, null, { cashback: 500, cash: -500 }),
    entry(ids.openEntry, ids.openCharge, "charge", `asaas:evt_open_${tag}`, null, { receivable: 10_000, revenue: -10_000 }),
  ];
  const secret = `convert_to('${CANARY}', 'UTF8')`;
  return `
    select set_config('app.actor_type', 'system', true);
    insert into mentorados (id, name, slug) values ('${m}', 'Practice ${tag}', 'practice-${tag}');
    insert into users (id, clerk_user_id, email, name) values
      ${people.map(([role, { userId, clerkUserId }]) => `('${userId}', '${clerkUserId}', '${role}-${tag}@example.com', '${role} ${tag}')`).join(", ")};
    insert into memberships (mentorado_id, id, user_id, role) values
      ${people.map(([role, { userId }]) => `('${m}', '${role === "viewer" ? ids.membership : uuidv7()}', '${userId}', '${role}')`).join(", ")};
    insert into lead_forms (mentorado_id, id, form_key, name, consent_text_version) values ('${m}', '${others.form}', '${formKey}', 'Form ${tag}', 'v1');
    insert into leads (mentorado_id, id, name, email, phone, phone_key, message, stage, student_id, created_at) values
      ('${m}', '${ids.firstLead}', 'First ${tag}', 'first-${tag}@example.com', '+5511900000001', '11900000001m', 'Hello ${tag}', 'new', null, now() - interval '1 minute'),
      ('${m}', '${ids.lead}', 'Won ${tag}', 'won-${tag}@example.com', '+5511900000002', '11900000002m', 'Hello ${tag}', 'won', '${ids.student}', now() - interval '1 minute'),
      ('${m}', '${ids.openLead}', 'Open ${tag}', 'open-${tag}@example.com', '+5511900000003', '11900000003m', 'Hello ${tag}', 'qualified', null, now() - interval '1 minute');
    insert into lead_stage_history (mentorado_id, id, lead_id, from_stage, to_stage) values ('${m}', '${others.history}', '${ids.openLead}', 'new', 'qualified');
    insert into offerings (mentorado_id, id, name, price_cents) values ('${m}', '${ids.offering}', 'Offering ${tag}', 100000);
    insert into students (mentorado_id, id, lead_id, name, email, phone, tax_id_encrypted, tax_id_key_version, tax_id_index) values
      ('${m}', '${ids.student}', '${ids.lead}', 'Student ${tag}', 'student-${tag}@example.com', '+5511900000002', ${secret}, 1, ${secret});
    insert into enrollments (mentorado_id, id, student_id, offering_id, total_cents, installment_count, billing_type) values
      ('${m}', '${ids.enrollment}', '${ids.student}', '${ids.offering}', 20000, 2, 'pix');
    insert into installments (mentorado_id, id, enrollment_id, number, due_date, amount_cents) values
      ('${m}', '${ids.installment}', '${ids.enrollment}', 1, '2026-12-01', 10000),
      ('${m}', '${ids.unbilledInstallment}', '${ids.enrollment}', 2, '2027-01-01', 10000);
    insert into provider_accounts (mentorado_id, id, provider, account_ref, api_key_encrypted, api_key_key_version, webhook_token_digest, webhook_external_id, test_result) values
      ('${m}', '${others.account}', 'asaas', 'ref-${tag}', ${secret}, 1, ${secret}, 'hook-${tag}', 'TRIED_${tag}');
    insert into charges (mentorado_id, id, installment_id, student_id, billing_type, amount_cents, due_date, status, status_rank, external_id, invoice_url, pix_payload) values
      ('${m}', '${ids.charge}', '${ids.installment}', '${ids.student}', 'pix', 10000, '2026-12-01', 'received', 40, 'pay_${tag}', 'https://example.com/${tag}', 'pix ${tag}');
    insert into charges (mentorado_id, id, student_id, billing_type, amount_cents, due_date, status, status_rank, provider_status, external_id) values
      ('${m}', '${ids.openCharge}', '${ids.student}', 'pix', 10000, '2026-12-01', 'pending', 10, 'PENDING', 'pay_open_${tag}'),
      ('${m}', '${ids.cashCharge}', '${ids.student}', 'pix', 10000, '2026-12-01', 'received', 40, 'RECEIVED_IN_CASH', 'pay_cash_${tag}'),
      ('${m}', '${ids.draftCharge}', '${ids.student}', 'pix', 10000, '2026-12-01', 'draft', 0, null, null);
    insert into subscriptions (mentorado_id, id, student_id, billing_type, cycle, amount_cents, next_due_date, status, external_id) values
      ('${m}', '${ids.subscription}', '${ids.student}', 'pix', 'monthly', 10000, '2026-12-01', 'active', 'sub_${tag}');
    insert into sync_conflicts (mentorado_id, id, kind, external_id, charge_id, remote) values
      ('${m}', '${ids.conflict}', 'unknown_payment', 'pay_hand_${tag}', null, '{"status": "PENDING ${tag}"}'),
      ('${m}', '${ids.statusConflict}', 'status', 'pay_open_${tag}', '${ids.openCharge}', '{"status": "OVERDUE ${tag}"}');
    insert into sync_states (mentorado_id, kind, watermark) values ('${m}', 'full', '2026-11-20');
    insert into dunning_policies (mentorado_id, is_enabled, steps, quiet_from, quiet_until, skips_weekends) values ('${m}', true, '{${dunningSteps.join()}}', '20:00', '08:00', false);
    insert into dunning_opt_outs (mentorado_id, student_id, is_opted_out) values ('${m}', '${ids.student}', true);
    insert into provider_customers (mentorado_id, student_id, provider, external_id) values ('${m}', '${ids.student}', 'asaas', 'cus_${tag}');
    insert into webhook_events (id, provider, account_ref, event_id, event_type, mentorado_id, raw, raw_sha256, request_id) values
      ('${ids.event}', 'asaas', 'ref-${tag}', 'evt_${tag}', 'PAYMENT_RECEIVED', '${m}', ${secret}, ${secret}, 'request-${tag}');
    insert into charge_events (mentorado_id, event_id, charge_id, event_type, outcome) values ('${m}', '${ids.event}', '${ids.charge}', 'PAYMENT_RECEIVED', 'applied');
    ${entries.join("\n    ")}
    insert into payment_reminders (mentorado_id, id, charge_id, step) values ('${m}', '${ids.reminder}', '${ids.charge}', 0);
    insert into jobs (id, mentorado_id, worker_group, name, dedup_key, payload, max_attempts, request_id, status, last_error, created_at) values
      ('${ids.chargeJob}', '${m}', 'finance', 'finance.create-charge', '${m}:seed', '{"chargeId": "${ids.charge}"}', 3, 'request-${tag}', 'done', null, now()),
      ('${others.waitingJob}', '${m}', 'finance', 'finance.process-asaas-event', 'webhook:${ids.event}', '{"eventId": "${ids.event}"}', 3, 'request-${tag}', 'pending', null, now()),
      ('${others.deadJob}', '${m}', 'finance', 'finance.process-asaas-event', '${m}:dead', '{"eventId": "none-${tag}"}', 3, 'request-${tag}', 'dead', 'ERROR_${tag}', now());
    insert into effects (mentorado_id, key, state, job_id, response) values
      ('${m}', 'asaas.payment:${ids.charge}', 'confirmed', '${ids.chargeJob}', '{"id": "pay_${tag}"}'),
      ('${m}', 'asaas.webhook', 'confirmed', '${ids.chargeJob}', '{"webhookId": "hook-${tag}", "isInterrupted": false, "failures": 3, "seenAt": "2026-11-20 ${tag}"}');
    insert into schedule_slots (schedule, mentorado_id, slot, job_id, is_late) values ('finance.remind-due-charges', '${m}', '2026-11-20T12:00:00Z', '${ids.chargeJob}', false);
    insert into idempotency_keys (mentorado_id, procedure, key, request_sha256, expires_at) values ('${m}', 'leads.create', 'key-${tag}', ${secret}, now() + interval '1 day');
  `;
}

/** A repository that was read once, with patterns in each state that a verb begins at. */
function craftSqlOf({
  mentoradoId: m,
  tag,
  installationId,
  ids,
  members: { owner },
  others,
}: Pick<Practice, "mentoradoId" | "tag" | "installationId" | "ids" | "members"> & {
  others: Record<(typeof OTHER_ROWS)[number], string>;
}): string {
  const checker = JSON.stringify({ kind: "decision", slot: "file-case", allow: ["kebab-case"], in: { folder: "" } });
  const tally = JSON.stringify({ "file-case": { "kebab-case": [3, 1, 1], [`case-${tag}`]: [1, 2, 2] } });
  const pattern = (id: string, status: string, more: Record<string, string> = {}) => {
    const columns = Object.keys(more).map((column) => `, ${column}`);
    const values = Object.values(more).map((value) => `, ${value}`);
    return `insert into patterns (mentorado_id, id, repo_id, type, origin, name, description, category, status, status_changed_by, checker${columns.join("")})
      values ('${m}', '${id}', '${ids.repo}', 'code', 'person', '${status} ${tag}', 'As ${tag} says', 'naming', '${status}', '${owner.userId}', '${checker}'${values.join("")});
      insert into pattern_history (mentorado_id, id, pattern_id, version, action, to_status, actor_kind, actor_id, rationale)
      values ('${m}', ${id === ids.pattern ? `'${ids.historyLine}'` : "gen_random_uuid()"}, '${id}', 1, 'create', '${status}', 'member', '${owner.userId}', 'Because ${tag}');`;
  };
  return `
    select set_config('app.actor_type', 'system', true);
    update users set github_user_id = ${installationId} where id = '${owner.userId}';
    insert into github_installations (installation_id, account_login, account_type, installed_by, event_at)
    values (${installationId}, 'acme-${tag}', 'Organization', ${installationId}, now());
    insert into repos (mentorado_id, id, student_id, source, installation_id, github_id, full_name, default_branch, connected_by) values
      ('${m}', '${ids.repo}', '${ids.student}', 'installation', ${installationId}, ${installationId}, 'acme-${tag}/api', 'main', '${owner.userId}');
    insert into scans (mentorado_id, id, repo_id, commit_sha, miner_version, kind, status, github_id, full_name, default_branch, is_private, shards_left, candidates, finished_at) values
      ('${m}', '${ids.scan}', '${ids.repo}', 'commit-${tag}', 1, 'full', 'done', ${installationId}, 'acme-${tag}/api', 'main', false, 0, '[]', now());
    update repos set adopted_scan_id = '${ids.scan}' where id = '${ids.repo}';
    insert into scan_shards (mentorado_id, scan_id, shard) values ('${m}', '${ids.scan}', 0);
    insert into repo_files (mentorado_id, repo_id, path, blob_sha, size_bytes, miner_version, kind, tally, scan_id) values
      ('${m}', '${ids.repo}', 'src/file-${tag}.ts', 'blob-${tag}', 1000, 1, 'source', '${tally}', '${ids.scan}'),
      ('${m}', '${ids.repo}', 'src/shared.ts', 'blob-shared-${tag}', 1000, 1, 'source', '${tally}', '${ids.scan}');
    ${pattern(ids.pattern, "candidate")}
    ${pattern(ids.otherPattern, "candidate")}
    ${pattern(ids.authoritative, "authoritative", { validated_at: "now()", validated_by: `'${owner.userId}'`, channels: "'{agents}'" })}
    ${pattern(ids.rejected, "rejected", { rejection_reason: `'Noise ${tag}'` })}
    insert into pattern_evidence (mentorado_id, id, pattern_id, path, start_line, end_line, commit_sha, blob_sha, added_by)
    values ('${m}', '${ids.evidence}', '${ids.pattern}', 'src/file-${tag}.ts', 1, 2, 'commit-${tag}', 'blob-${tag}', 'person');
    insert into wording_requests (mentorado_id, id, repo_id, job_id, model, prompt_version, pattern_ids, outcome, ended_at)
    values ('${m}', gen_random_uuid(), '${ids.repo}', gen_random_uuid(), 'model-${tag}', 1, array['${ids.pattern}']::uuid[], 'answered', now());
    insert into pull_requests (mentorado_id, id, repo_id, number, title, author_login, state, head_sha, base_ref, opened_at, event_at)
    values ('${m}', '${ids.pullRequest}', '${ids.repo}', 1, 'Change ${tag}', 'author-${tag}', 'open', 'head-${tag}', 'main', now(), now());
    insert into pull_checks (mentorado_id, id, pull_request_id, head_sha, base_ref, status, is_shadow, conclusion, left_out)
    values ('${m}', '${ids.pullCheck}', '${ids.pullRequest}', 'head-${tag}', 'main', 'done', true, 'failure', '{"reason-${tag}": 1}');
    insert into pull_check_patterns (mentorado_id, pull_check_id, pattern_id, opportunities, hits)
    values ('${m}', '${ids.pullCheck}', '${ids.authoritative}', 3, 1);
    insert into violations (mentorado_id, id, pull_request_id, pattern_id, fingerprint, path, start_line, end_line, value, severity, last_check_id) values
      ('${m}', '${ids.violation}', '${ids.pullRequest}', '${ids.authoritative}', 'open-${tag}', 'src/file-${tag}.ts', 1, 2, 'Value ${tag}', 'error', '${ids.pullCheck}'),
      ('${m}', '${others.dismissed}', '${ids.pullRequest}', '${ids.authoritative}', 'dismissed-${tag}', 'src/other-${tag}.ts', 1, 2, 'Value ${tag}', 'error', '${ids.pullCheck}');
    insert into violation_dismissals (mentorado_id, violation_id, reason, is_false_positive, dismissed_by)
    values ('${m}', '${others.dismissed}', 'Not here, ${tag}', true, '${owner.userId}');
    insert into waivers (mentorado_id, id, pattern_id, glob, reason, expires_at, created_by)
    values ('${m}', '${ids.waiver}', '${ids.authoritative}', 'old/${tag}/**', 'Until ${tag}', '2099-01-01', '${owner.userId}');
  `;
}
