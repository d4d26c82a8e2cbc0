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
  /** Of the rows that a procedure may be asked for, by what they are. */
  ids: Record<(typeof NAMED_ROWS)[number], string>;
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
  "ledgerEntry",
  "membership",
  "user",
] as const;

/** Ids are given in the order of `NAMED_ROWS`, so that a practice that is made later has the greater ids throughout. */
export async function seedPractice({ query }: Pick<TestDatabase, "query">): Promise<Practice> {
  const mentoradoId = uuidv7();
  const tag = uuidv7().slice(-12);
  const formKey = `form-${tag}`;
  const ids = Object.fromEntries(NAMED_ROWS.map((name) => [name, uuidv7()])) as Practice["ids"];
  const entries = ROLES.map((role) => [role, newPerson(role === "viewer" ? ids.user : uuidv7())] as const);
  const members = Object.fromEntries(entries) as Practice["members"];
  const others = { event: uuidv7(), job: uuidv7(), account: uuidv7(), history: uuidv7(), reminder: uuidv7(), form: uuidv7() };
  await query(sqlOf({ mentoradoId, tag, formKey, ids, members, others }));
  const people = Object.values(members).flatMap(({ userId, clerkUserId }) => [userId, clerkUserId]);
  return {
    mentoradoId,
    formKey,
    members,
    ids,
    marks: [...Object.values(ids), ...Object.values(others), ...people, mentoradoId, tag],
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
}: Pick<Practice, "mentoradoId" | "formKey" | "ids" | "members"> & { tag: string; others: Record<string, string> }): string {
  const people = Object.entries(members);
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
    insert into provider_accounts (mentorado_id, id, provider, account_ref, api_key_encrypted, api_key_key_version, webhook_token_digest) values
      ('${m}', '${others.account}', 'asaas', 'ref-${tag}', ${secret}, 1, ${secret});
    insert into charges (mentorado_id, id, installment_id, student_id, billing_type, amount_cents, due_date, status, status_rank, external_id, invoice_url, pix_payload) values
      ('${m}', '${ids.charge}', '${ids.installment}', '${ids.student}', 'pix', 10000, '2026-12-01', 'received', 5, 'pay_${tag}', 'https://example.com/${tag}', 'pix ${tag}');
    insert into provider_customers (mentorado_id, student_id, provider, external_id) values ('${m}', '${ids.student}', 'asaas', 'cus_${tag}');
    insert into webhook_events (id, provider, account_ref, event_id, event_type, mentorado_id, raw, raw_sha256, request_id) values
      ('${others.event}', 'asaas', 'ref-${tag}', 'evt_${tag}', 'PAYMENT_RECEIVED', '${m}', ${secret}, ${secret}, 'request-${tag}');
    insert into charge_events (mentorado_id, event_id, charge_id, event_type, outcome) values ('${m}', '${others.event}', '${ids.charge}', 'PAYMENT_RECEIVED', 'applied');
    insert into ledger_entries (mentorado_id, id, kind, charge_id, source_event_id) values ('${m}', '${ids.ledgerEntry}', 'charge', '${ids.charge}', '${others.event}');
    insert into ledger_lines (mentorado_id, entry_id, account, amount_cents) values
      ('${m}', '${ids.ledgerEntry}', 'receivable', 10000), ('${m}', '${ids.ledgerEntry}', 'revenue', -10000);
    insert into payment_reminders (mentorado_id, id, charge_id, step) values ('${m}', '${others.reminder}', '${ids.charge}', 'due_today');
    insert into jobs (id, mentorado_id, worker_group, name, dedup_key, payload, max_attempts, request_id) values
      ('${others.job}', '${m}', 'finance', 'finance.create-charge', '${m}:seed', '{}', 3, 'request-${tag}');
    insert into effects (mentorado_id, key, state, job_id, response) values ('${m}', 'asaas.payment:${ids.charge}', 'confirmed', '${others.job}', '{"id": "pay_${tag}"}');
    insert into schedule_slots (schedule, mentorado_id, slot, job_id, is_late) values ('finance.remind-due-charges', '${m}', '2026-11-20T12:00:00Z', '${others.job}', false);
    insert into idempotency_keys (mentorado_id, procedure, key, request_sha256, expires_at) values ('${m}', 'leads.create', 'key-${tag}', ${secret}, now() + interval '1 day');
  `;
}
