import { randomUUID } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { createCache } from "../../../shared/cache/redis.ts";
import { encrypt } from "../../../shared/db/sensitive.ts";
import { asaasTokenDigest } from "../../../shared/webhooks/asaas-token-digest.ts";
import type { TestDatabase } from "../../support/database.ts";
import type { Operation, Scene } from "./history.ts";
import type { WaitUntil } from "./injector.ts";
import type { World } from "./world.ts";

/** Somebody outside who asks until told that it is done. */
export interface Sender {
  operation: Operation;
  key: string;
  send(waitUntil: WaitUntil): Promise<boolean>;
}

export interface Play extends Scene {
  senders: Sender[];
}

/** Prepares one scenario in a mentorado of its own, in which nothing has been asked for yet. */
export type Flow = (world: World, at: Date) => Promise<Play>;

const AMOUNT_CENTS = 12_990;
const PATIENCE_MS = 10_000;
/** A PIX is confirmed and received within the same second. */
const EVENTS = {
  PAYMENT_CREATED: { status: "PENDING", dateCreated: "2026-11-20 10:00:00" },
  PAYMENT_CONFIRMED: { status: "CONFIRMED", dateCreated: "2026-11-20 10:05:00" },
  PAYMENT_RECEIVED: { status: "RECEIVED", dateCreated: "2026-11-20 10:05:00" },
};
export type PaymentEvent = keyof typeof EVENTS;

/** Asaas tells of one charge, in the given order, and it is paid once. */
export function paymentEvents(order: readonly PaymentEvent[]): Flow {
  return async (world) => {
    const practice = await openPractice(world);
    const { mentoradoId, accountRef, token } = practice;
    const chargeId = await openCharge(world, practice);
    const senders = order.map((event): Sender => {
      const key = `evt_${event}_${chargeId}`;
      const { status, dateCreated } = EVENTS[event];
      const payment = {
        id: practice.paymentId,
        status,
        value: AMOUNT_CENTS / 100,
        netValue: 128.91,
        externalReference: chargeId,
      };
      const body = JSON.stringify({ id: key, event, dateCreated, payment });
      return { operation: "event", key, send: (waitUntil) => world.receiveAsaasEvent({ accountRef, token, body }, waitUntil) };
    });
    const expects = {
      status: "received",
      receipts: 1,
      billed: 0,
      reminders: 0,
      events: order.length,
      jobs: order.length,
    } as const;
    return { mentoradoId, apiKey: practice.apiKey, programmeEvents: [], senders, expects };
  };
}

/** The owner wins a lead, and its only instalment is billed at Asaas. */
export async function wonLead(world: World): Promise<Play> {
  const { mentoradoId, apiKey, offeringId } = await openPractice(world);
  const owner = await world.platform.createMember({ mentoradoId, role: "owner" });
  const leadId = uuidv7();
  await insertRows(world.platform.database, [
    ["leads", { mentorado_id: mentoradoId, id: leadId, name: "Ana Prado", email: "ana@example.com" }],
  ]);
  const input = {
    id: leadId,
    offeringId,
    taxId: "529.982.247-25",
    totalCents: AMOUNT_CENTS,
    installmentCount: 1,
    firstDueDate: "2027-01-31",
    billingType: "pix",
  };
  const send = (waitUntil: WaitUntil) => world.convertLead({ owner, mentoradoId, input }, waitUntil);
  const expects = { status: "pending", receipts: 0, billed: 1, reminders: 0, events: 0, jobs: 1 } as const;
  return { mentoradoId, apiKey, programmeEvents: [], senders: [{ operation: "conversion", key: leadId, send }], expects };
}

/** One charge is due today, and there are no quiet hours. */
export async function dueCharge(world: World, at: Date): Promise<Play> {
  const practice = await openPractice(world);
  const { mentoradoId, apiKey } = practice;
  await openCharge(world, practice);
  const { query } = world.platform.database;
  // A practice and a schedule that have been there for long: what came before them is never caught up on.
  await query(asSystem(`update mentorados set created_at = now() - interval '30 days' where id = '${mentoradoId}'`));
  await query(
    `insert into schedules (name, known_since) values ('finance.remind-due-charges', now() - interval '30 days')
     on conflict (name) do update set known_since = excluded.known_since`,
  );
  await query(
    asSystem(
      `update charges set due_date = (timestamptz '${at.toISOString()}' at time zone 'UTC')::date where mentorado_id = '${mentoradoId}';
       insert into dunning_policies (mentorado_id, is_enabled, steps, quiet_from, quiet_until, skips_weekends)
       values ('${mentoradoId}', true, '{0}', '00:00', '00:00', false)`,
    ),
  );
  const expects = { status: "pending", receipts: 0, billed: 0, reminders: 1, events: 0, jobs: 1 } as const;
  const senders: Sender[] = [{ operation: "tick", key: "cron", send: () => world.tick(at) }];
  return { mentoradoId, apiKey, programmeEvents: [], senders, expects };
}

/**
 * Clerk tells that a person joined an organisation, and then of their new name. What Redis believed of the person before is worth
 * nothing any more.
 */
export async function newMember(world: World): Promise<Play> {
  const { mentoradoId, apiKey, clerkOrganizationId } = await openPractice(world);
  const { query } = world.platform.database;
  const { userId, clerkUserId } = await world.platform.createPerson();
  const sessionKey = `session:v1:${clerkUserId}`;
  const { UPSTASH_REDIS_REST_URL: url = "", UPSTASH_REDIS_REST_TOKEN: token = "" } = world.platform.env;
  // Patient, unlike the Workers: on a busy machine the test itself must not fail for a slow cache.
  const cache = createCache({ url, token, timeoutMs: PATIENCE_MS });
  await cache.set(sessionKey, JSON.stringify({ version: 2, value: "a session of before" }), { ttlSeconds: 300 });
  const membership = {
    organization: { id: clerkOrganizationId },
    public_user_data: { user_id: clerkUserId },
    role: "org:member",
  };
  const person = { id: clerkUserId, first_name: "Ana", last_name: "Prado", updated_at: 1_700_000_001_000 };
  const events: [type: string, data: object][] = [
    ["organizationMembership.created", membership],
    ["user.updated", person],
  ];
  const senders = events.map(([type, data]): Sender => {
    const id = `msg_${type}_${userId}`;
    const body = JSON.stringify({ object: "event", type, data, timestamp: 1_700_000_000_000 });
    return { operation: "event", key: id, send: (waitUntil) => world.receiveClerkEvent({ id, body }, waitUntil) };
  });
  async function holds(): Promise<boolean> {
    const [member] = await query<{ epoch: number }>(
      `select u.session_epoch::integer as epoch from memberships m join users u on u.id = m.user_id
        where m.mentorado_id = $1 and m.role = 'viewer' and m.status = 'active' and u.id = $2 and u.name = 'Ana Prado'`,
      [mentoradoId, userId],
    );
    const { version } = JSON.parse((await cache.get(sessionKey)) ?? "{}") as { version?: number };
    // Sessions of one epoch are even, what voids those of the epochs before is the odd number below.
    return member !== undefined && member.epoch > 1 && version === 2 * member.epoch - 1;
  }
  const expects = { status: null, receipts: 0, billed: 0, reminders: 0, events: 0, jobs: events.length } as const;
  return { mentoradoId, apiKey, programmeEvents: senders.map(({ key }) => key), senders, expects, holds };
}

interface Practice {
  mentoradoId: string;
  clerkOrganizationId: string;
  apiKey: string;
  accountRef: string;
  token: string;
  offeringId: string;
  paymentId: string;
}

async function openPractice({ platform, asaas, keyring: source }: World): Promise<Practice> {
  const keyring = await source();
  const { id: mentoradoId, clerkOrganizationId } = await platform.createMentorado({ timezone: "UTC" });
  const [accountId, offeringId, suffix] = [uuidv7(), uuidv7(), randomUUID().replaceAll("-", "")];
  const apiKey = `$aact_hmlg_${suffix}`;
  const accountRef = `ref-${suffix}`;
  const token = `token-${suffix}`;
  asaas.createAccount({ apiKey });
  const place = { column: "provider_accounts.api_key", mentoradoId, rowId: accountId };
  const { ciphertext, keyVersion } = await encrypt({ keyring, plaintext: apiKey, place });
  await insertRows(platform.database, [
    ["offerings", { mentorado_id: mentoradoId, id: offeringId, name: "Course", price_cents: 1 }],
    [
      "provider_accounts",
      {
        mentorado_id: mentoradoId,
        id: accountId,
        provider: "asaas",
        account_ref: accountRef,
        api_key_encrypted: toBytea(ciphertext),
        api_key_key_version: keyVersion,
        webhook_token_digest: toBytea(await asaasTokenDigest({ keyring, token })),
      },
    ],
  ]);
  return { mentoradoId, clerkOrganizationId, apiKey, accountRef, token, offeringId, paymentId: `pay_${suffix.slice(0, 16)}` };
}

/** A charge as `finance.create-charge` leaves it, without the entry in the ledger. */
async function openCharge({ platform }: World, { mentoradoId, offeringId, paymentId }: Practice): Promise<string> {
  const [studentId, enrollmentId, installmentId, chargeId] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  const money = { amount_cents: AMOUNT_CENTS, due_date: "2027-01-31" };
  await insertRows(platform.database, [
    ["students", { mentorado_id: mentoradoId, id: studentId, name: "Ana Prado" }],
    [
      "enrollments",
      {
        mentorado_id: mentoradoId,
        id: enrollmentId,
        student_id: studentId,
        offering_id: offeringId,
        total_cents: AMOUNT_CENTS,
        installment_count: 1,
        billing_type: "pix",
      },
    ],
    ["installments", { mentorado_id: mentoradoId, id: installmentId, enrollment_id: enrollmentId, number: 1, ...money }],
    [
      "charges",
      {
        mentorado_id: mentoradoId,
        id: chargeId,
        installment_id: installmentId,
        student_id: studentId,
        billing_type: "pix",
        ...money,
        status: "pending",
        status_rank: 10,
        external_id: paymentId,
      },
    ],
  ]);
  return chargeId;
}

/** Inserts rows as the owner of the database, in one round trip; columns that are left out keep their defaults. */
async function insertRows({ query }: TestDatabase, rows: [table: string, row: Record<string, unknown>][]): Promise<void> {
  const inserts = rows.map(([table, row]) => {
    const columns = Object.keys(row).join(", ");
    return `insert into ${table} (${columns}) select ${columns} from jsonb_populate_record(null::${table}, $row$${JSON.stringify(row)}$row$)`;
  });
  await query(asSystem(inserts.join("; ")));
}

/** Statements sent together are one transaction, and the audit trigger asks who acts in it. */
export function asSystem(statements: string): string {
  return `select set_config('app.actor_type', 'system', true); ${statements}`;
}

function toBytea(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes).toString("hex")}`;
}
