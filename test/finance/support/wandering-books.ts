import { TRPCClientError } from "@trpc/client";
import { v7 as uuidv7 } from "uuid";
import { vi } from "vitest";
import { insertRow } from "../../db/support/insert-row.ts";
import type { Payment } from "../../local/asaas/wire.ts";
import { type Asaas, startAsaas } from "../../local/asaas.ts";
import { type Fault, serve } from "../../local/http-server.ts";
import type { Platform } from "../../support/platform.ts";
import { type EventBody, stageEvent, storeEvent } from "./asaas-events.ts";
import { type AccountBooks, openAccount, type Provider } from "./open-account.ts";
import { centsOf, type Decisions } from "./provider-oracle.ts";
import { dateIn, inPanel, madeByHand, reconcile } from "./reconciled-books.ts";

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const MAX_ROUNDS = 40;
/** So far the clock of a walk may run ahead of the database's, which nobody moves; nothing falls due meanwhile. */
const MAX_DAYS_AHEAD = 6;
/** After all the sleep of a walk: the clock of our database does not move along, and would ask for days that have passed at the provider. */
const dueIn = (days: number) => dateIn(MAX_DAYS_AHEAD + days);
const EVENTS = [
  "PAYMENT_CREATED",
  "PAYMENT_UPDATED",
  "PAYMENT_CONFIRMED",
  "PAYMENT_RECEIVED",
  "PAYMENT_OVERDUE",
  "PAYMENT_DELETED",
  "PAYMENT_RESTORED",
  "PAYMENT_REFUNDED",
  "PAYMENT_PARTIALLY_REFUNDED",
  "PAYMENT_REFUND_IN_PROGRESS",
  "PAYMENT_REFUND_DENIED",
  "PAYMENT_RECEIVED_IN_CASH_UNDONE",
  "PAYMENT_CHARGEBACK_REQUESTED",
  "PAYMENT_CHARGEBACK_DISPUTE",
  "PAYMENT_AWAITING_CHARGEBACK_REVERSAL",
  "SUBSCRIPTION_CREATED",
  "SUBSCRIPTION_UPDATED",
  "SUBSCRIPTION_INACTIVATED",
  "SUBSCRIPTION_DELETED",
];

/** Asaas, whose clock and ours stand still until a step moves both. */
export interface WanderingProvider extends Provider {
  /** What was announced to an account and not been taken yet. */
  inboxOf(apiKey: string): EventBody[];
}

export async function startWanderingProvider(): Promise<WanderingProvider> {
  vi.useFakeTimers({ toFake: ["Date"] });
  const asaas = await startAsaas();
  const inboxes = new Map<string, EventBody[]>();
  const receiver = await serve({
    handle: async ({ path, body }) => {
      inboxes.get(decodeURIComponent(path.slice(1)))?.push(JSON.parse(body.toString()) as EventBody);
      return { status: 200 };
    },
  });
  const inboxOf = (apiKey: string) => {
    const inbox = inboxes.get(apiKey) ?? [];
    inboxes.set(apiKey, inbox);
    return inbox;
  };
  return {
    asaas,
    inboxOf,
    async listen(apiKey) {
      await fetch(`${asaas.url}/v3/webhooks`, {
        method: "POST",
        headers: { access_token: apiKey, "user-agent": "test", "content-type": "application/json" },
        body: JSON.stringify({
          name: "walk",
          authToken: "a-token-of-at-least-thirty-two-characters",
          sendType: "SEQUENTIALLY",
          events: EVENTS,
          url: `${receiver.url}/${encodeURIComponent(apiKey)}`,
        }),
      });
      return inboxOf(apiKey);
    },
    async close() {
      await asaas.close();
      await receiver.close();
      vi.useRealTimers();
    },
  };
}

function realNowMs(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}

/** One step: what, to whom (of those whom it can happen to), and how. */
export interface Step {
  kind: StepKind;
  pick: number;
  dice: number;
}

export interface Walk {
  /** Whether events can be lost; else `lose` does nothing. */
  isLossy: boolean;
  steps: readonly Step[];
}

interface Heard {
  body: EventBody;
  eventId: string;
}

/** A practice that things happen to, and all that the test remembers of them beside the two books. */
export interface WanderingBooks extends AccountBooks {
  /** Never delivered, and never will be. */
  dropped: EventBody[];
  /** Delivered at least once. */
  heard: Heard[];
  takeStep(step: Step): Promise<void>;
  /** Faults end, what waits is worked off, and all events that were not dropped have come. */
  comeToRest(): Promise<void>;
  /** Every event that has come comes once more. */
  hearAgain(): Promise<void>;
  reconcile(): Promise<void>;
  decisionsOn(charge: { id: string; writeOffReason: string | null }): Decisions;
}

interface World extends AccountBooks {
  platform: Platform;
  provider: WanderingProvider;
  asaas: Asaas;
  isLossy: boolean;
  outstanding: EventBody[];
  dropped: EventBody[];
  heard: Heard[];
  cashback: Map<string, number>;
  /** What the last write-off of a charge gave up; the charge says whether it stands. */
  writtenOff: Map<string, number>;
  installments: number;
}

export async function openWanderingBooks(
  platform: Platform,
  provider: WanderingProvider,
  { isLossy }: Pick<Walk, "isLossy">,
): Promise<WanderingBooks> {
  vi.setSystemTime(realNowMs());
  provider.asaas.faults.length = 0;
  const books = await openAccount(platform, provider);
  const world: World = {
    ...books,
    platform,
    provider,
    asaas: provider.asaas,
    isLossy,
    outstanding: [],
    dropped: [],
    heard: [],
    cashback: new Map(),
    writtenOff: new Map(),
    installments: 0,
  };
  return {
    ...books,
    dropped: world.dropped,
    heard: world.heard,
    async takeStep(step) {
      await STEPS[step.kind](world, step);
      await gather(world);
    },
    async comeToRest() {
      provider.asaas.faults.length = 0;
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        await books.workOff();
        await gather(world);
        if (world.outstanding.length === 0) return;
        await deliverAll(world, world.outstanding.splice(0));
      }
      throw new Error("events do not come to an end");
    },
    async hearAgain() {
      for (const { eventId } of world.heard) await stageEvent(platform, books.mentoradoId, eventId);
      await books.workOff();
    },
    async reconcile() {
      await reconcile(platform, books, { kind: "full" });
      await books.workOff();
    },
    decisionsOn: ({ id, writeOffReason }) => ({
      writtenOffCents: writeOffReason === null ? 0 : (world.writtenOff.get(id) ?? 0),
      cashbackCents: world.cashback.get(id) ?? 0,
    }),
  };
}

/** What was announced waits to be delivered, or to be lost for ever. */
async function gather({ asaas, apiKey, provider, outstanding }: World): Promise<void> {
  await asaas.idle();
  outstanding.push(...provider.inboxOf(apiKey).splice(0));
}

async function deliverAll(world: World, bodies: readonly EventBody[]): Promise<void> {
  const { platform, mentoradoId } = world;
  for (const body of bodies) {
    const eventId = await storeEvent(platform, mentoradoId, body);
    world.heard.push({ body, eventId });
    await platform.ring(await stageEvent(platform, mentoradoId, eventId));
  }
}

type Act = (world: World, step: Step) => Promise<unknown>;

/** A step to whom nothing fits does nothing. */
function toOne<Value>(
  find: (world: World) => readonly Value[] | Promise<readonly Value[]>,
  act: (world: World, value: Value, step: Step) => unknown,
): Act {
  return async (world, step) => {
    const found = await find(world);
    const value = found[step.pick % Math.max(1, found.length)];
    if (value !== undefined) await act(world, value, step);
  };
}

/** What a person asks; a refusal for a reason of ours is an answer too. Then, most times, the job is done at once. */
function byPerson(act: Act): Act {
  return async (world, step) => {
    try {
      await act(world, step);
    } catch (error) {
      const { errorCode } =
        (error instanceof TRPCClientError ? (error.data as { errorCode?: string } | undefined) : undefined) ?? {};
      if (errorCode === undefined || errorCode === "INTERNAL") throw error;
    }
    if (step.dice % 3 > 0) await world.work();
  };
}

interface Charge {
  id: string;
  status: string;
  billing_type: string;
  amount_cents: number;
  external_id: string | null;
  provider_status: string | null;
}

function chargesIn(...statuses: string[]) {
  return async ({ platform, mentoradoId }: World): Promise<Charge[]> => {
    const rows = await platform.database.query<Charge & { [column: string]: unknown }>(
      "select id, status, billing_type, amount_cents::int, external_id, provider_status from charges where mentorado_id = $1 order by created_at, id",
      [mentoradoId],
    );
    const fitting = rows.filter(({ status }) => statuses.includes(status));
    return fitting.length > 0 ? fitting : rows;
  };
}

function paymentsWhich(fits: (payment: Payment) => boolean) {
  return (world: World): Payment[] => world.payments().filter(fits);
}

const isOpen = ({ status, deleted }: Payment) => !deleted && (status === "PENDING" || status === "OVERDUE");
const amountOf = (dice: number) => [500, 1_000, 10_000, 12_990, 33_333][dice % 5] ?? 500;

/** As somebody at the provider's own desk, whom no fault of the wire concerns. */
async function atDesk(world: World, method: string, path: string, body?: object): Promise<void> {
  const { faults } = world.asaas;
  const kept = faults.splice(0);
  await inPanel(world.provider, world, method, path, body);
  faults.push(...kept);
}

const FAULTS: Partial<Fault>[] = [
  { kind: "reset-after" },
  { kind: "reset-before" },
  { kind: "garbage" },
  { kind: "status", status: 500 },
  { kind: "status", status: 429, headers: { "ratelimit-reset": "60" } },
];
const FAULTY_METHODS = [undefined, "POST", "POST", "GET", "DELETE"];

const STEPS = {
  create: byPerson((world, { pick, dice }) =>
    world.finance.financial.charges.create.mutate({
      studentId: world.studentId,
      amountCents: amountOf(dice),
      dueDate: dueIn(pick % 10),
      billingType: (["pix", "boleto", "credit_card", "credit_card"] as const)[pick % 4] ?? "pix",
    }),
  ),
  bill: byPerson(async (world, { dice }) => {
    world.installments += 1;
    await insertRow(world.platform.database, "installments", {
      mentorado_id: world.mentoradoId,
      id: uuidv7(),
      enrollment_id: world.enrollmentId,
      number: world.installments,
      due_date: dueIn(dice % 20),
      amount_cents: amountOf(dice),
    });
    await world.finance.financial.enrollments.bill.mutate({ enrollmentId: world.enrollmentId });
  }),
  subscribe: byPerson((world, { pick, dice }) =>
    world.finance.financial.subscriptions.create.mutate({
      studentId: world.studentId,
      amountCents: amountOf(dice),
      cycle: "weekly",
      nextDueDate: dueIn(pick % 5),
      billingType: pick % 2 === 0 ? "pix" : "credit_card",
      maxPayments: 4,
    }),
  ),
  unsubscribe: byPerson(
    toOne(
      async ({ finance }) => (await finance.financial.subscriptions.list.query()).items,
      ({ finance }, { id }) => finance.financial.subscriptions.cancel.mutate({ id }),
    ),
  ),
  cancel: byPerson(
    toOne(chargesIn("draft", "pending", "overdue"), ({ finance }, { id }) => finance.financial.charges.cancel.mutate({ id })),
  ),
  refund: byPerson(
    toOne(chargesIn("received", "confirmed"), ({ finance }, { id, amount_cents, billing_type }, { dice }) =>
      finance.financial.charges.refund.mutate(
        billing_type === "pix" && dice % 3 > 0
          ? { id, amountCents: Math.max(1, Math.floor(amount_cents / (2 + (dice % 2)))) }
          : { id },
      ),
    ),
  ),
  receiveInCash: byPerson(
    toOne(chargesIn("pending", "overdue"), ({ finance }, { id, amount_cents }, { dice }) =>
      finance.financial.charges.receiveInCash.mutate({
        id,
        paymentDate: dateIn(-MAX_DAYS_AHEAD - (dice % 4)),
        ...(dice % 4 === 0 ? { amountCents: amount_cents - 100 } : {}),
      }),
    ),
  ),
  undoReceiveInCash: byPerson(
    toOne(
      async (world) =>
        (await chargesIn("received")(world)).filter(({ provider_status }) => provider_status === "RECEIVED_IN_CASH"),
      ({ finance }, { id }) => finance.financial.charges.undoReceiveInCash.mutate({ id }),
    ),
  ),
  refresh: byPerson(
    toOne(
      chargesIn("pending", "overdue", "confirmed", "received", "disputed", "refunding", "refunded", "cancelled"),
      ({ finance }, { id }) => finance.financial.charges.refresh.mutate({ id }),
    ),
  ),
  writeOff: byPerson(
    toOne(chargesIn("pending", "overdue"), async ({ finance, writtenOff }, { id }) => {
      await finance.financial.charges.writeOff.mutate({ id, reason: "goodwill" });
      const { items } = await finance.financial.ledger.list.query({ chargeId: id });
      const entry = items.find(({ kind }) => kind === "write_off");
      writtenOff.set(id, entry?.lines.find(({ account }) => account === "losses")?.amountCents ?? 0);
    }),
  ),
  grantCashback: byPerson(
    toOne(chargesIn("received"), async ({ finance, cashback }, { id, amount_cents }) => {
      const amountCents = Math.max(1, Math.floor(amount_cents / 10));
      await finance.financial.charges.grantCashback.mutate({ id, amountCents });
      cashback.set(id, (cashback.get(id) ?? 0) + amountCents);
    }),
  ),
  undoEntry: byPerson(
    toOne(
      async ({ finance }) =>
        (await finance.financial.ledger.list.query({ limit: 100 })).items.filter(
          ({ kind }) => kind === "write_off" || kind === "cashback",
        ),
      async ({ finance, cashback }, { id, kind, chargeId, lines }) => {
        await finance.financial.ledger.undo.mutate({ id });
        const cents = lines.find(({ account }) => account === "cashback")?.amountCents ?? 0;
        if (kind === "cashback" && chargeId !== null) cashback.set(chargeId, (cashback.get(chargeId) ?? 0) - cents);
      },
    ),
  ),

  pay: toOne(paymentsWhich(isOpen), ({ asaas }, { id, billingType }, { dice }) => {
    const via = billingType === "CREDIT_CARD" ? "card" : billingType === "BOLETO" ? "boleto" : "pix";
    asaas.pay({ paymentId: id, via, ...(via !== "pix" && dice % 2 === 0 ? { through: ["CONFIRMED"] } : {}) });
  }),
  credit: toOne(
    paymentsWhich(({ status, billingType }) => status === "CONFIRMED" && billingType !== "PIX"),
    ({ asaas }, { id, billingType }) =>
      asaas.pay({ paymentId: id, via: billingType === "CREDIT_CARD" ? "card" : "boleto", through: ["RECEIVED"] }),
  ),
  overdue: toOne(
    paymentsWhich(({ status, deleted }) => !deleted && status === "PENDING"),
    (world, { id }) => atDesk(world, "POST", `/sandbox/payment/${id}/overdue`),
  ),
  postpone: toOne(paymentsWhich(isOpen), (world, { id, value }, { dice }) =>
    atDesk(world, "PUT", `/payments/${id}`, { dueDate: dueIn(dice % 30), ...(dice % 5 === 0 ? { value: value + 1 } : {}) }),
  ),
  dispute: toOne(
    paymentsWhich(({ status, billingType, chargeback }) => {
      const isDisputable = chargeback === undefined && (status === "CONFIRMED" || status === "RECEIVED");
      return billingType === "CREDIT_CARD" && isDisputable;
    }),
    ({ asaas }, { id }) => asaas.dispute({ paymentId: id, step: "request" }),
  ),
  decideDispute: toOne(
    paymentsWhich(({ status }) =>
      ["CHARGEBACK_REQUESTED", "CHARGEBACK_DISPUTE", "AWAITING_CHARGEBACK_REVERSAL"].includes(status),
    ),
    ({ asaas }, { id, status }, { dice }) => {
      const isLost = dice % 4 === 0;
      const step =
        status === "AWAITING_CHARGEBACK_REVERSAL"
          ? "reverse"
          : isLost
            ? "lose"
            : status === "CHARGEBACK_REQUESTED"
              ? "contest"
              : "win";
      asaas.dispute({ paymentId: id, step });
    },
  ),
  holdRefunds: async ({ asaas, apiKey }, { dice }) => asaas.adjustAccount({ apiKey, holdsRefunds: dice % 2 === 0 }),
  settleRefund: toOne(
    paymentsWhich(({ refunds }) => refunds?.some(({ status }) => status === "PENDING") ?? false),
    ({ asaas }, { id }, { dice }) => asaas.settleRefund({ paymentId: id, outcome: dice % 3 === 0 ? "denied" : "done" }),
  ),
  passCycle: toOne(
    async ({ finance }) =>
      (await finance.financial.subscriptions.list.query()).items.flatMap(({ externalId }) => externalId ?? []),
    ({ asaas }, subscriptionId) => asaas.passCycle({ subscriptionId }),
  ),
  // One that we have not heard to be made would be made again: nothing shows that it was there.
  removeAtDesk: toOne(
    async (world) => {
      const known = (await chargesIn("pending", "overdue")(world)).map(({ external_id }) => external_id);
      return paymentsWhich((payment) => isOpen(payment) && known.includes(payment.id))(world);
    },
    (world, { id }) => atDesk(world, "DELETE", `/payments/${id}`),
  ),
  restoreAtDesk: toOne(
    paymentsWhich(({ deleted }) => deleted),
    (world, { id }) => atDesk(world, "POST", `/payments/${id}/restore`),
  ),
  cashAtDesk: toOne(paymentsWhich(isOpen), (world, { id, value }) =>
    atDesk(world, "POST", `/payments/${id}/receiveInCash`, { paymentDate: dateIn(-1), value }),
  ),
  refundAtDesk: toOne(
    paymentsWhich(({ status, billingType, value }) => status === "RECEIVED" && billingType === "PIX" && centsOf(value) > 500),
    async (world, { id, refunds, value }) => {
      const left = centsOf(value) - (refunds ?? []).reduce((sum, refund) => sum + centsOf(refund.value), 0);
      if (left > 200) await atDesk(world, "POST", `/payments/${id}/refund`, { value: 2 });
    },
  ),
  makeAtDesk: async (world) => {
    const { faults } = world.asaas;
    const kept = faults.splice(0);
    await madeByHand(world.provider, world);
    faults.push(...kept);
  },

  strike: async ({ asaas }, { pick, dice }) => {
    const [fault, method] = [FAULTS[pick % FAULTS.length], FAULTY_METHODS[dice % FAULTY_METHODS.length]];
    asaas.faults.push({ kind: "reset-after", ...fault, times: 1 + (dice % 2), ...(method === undefined ? {} : { method }) });
  },
  deliver: (world, { dice }) => deliverAll(world, world.outstanding.splice(0, 1 + (dice % 6))),
  deliverLast: async (world) => deliverAll(world, world.outstanding.splice(-1)),
  deliverOne: async (world, { pick }) =>
    deliverAll(world, world.outstanding.splice(pick % Math.max(1, world.outstanding.length), 1)),
  lose: async ({ isLossy, outstanding, dropped }, { pick, dice }) => {
    if (isLossy) dropped.push(...outstanding.splice(pick % Math.max(1, outstanding.length), 1 + (dice % 3)));
  },
  repeat: toOne(
    ({ heard }) => heard,
    async ({ platform, mentoradoId }, { eventId }) => platform.ring(await stageEvent(platform, mentoradoId, eventId)),
  ),
  work: ({ work }) => work(),
  ringTwice: toOne(
    ({ platform, mentoradoId }) =>
      platform.database.query<{ id: string }>(
        "select id from jobs where mentorado_id = $1 order by created_at desc, id desc limit 10",
        [mentoradoId],
      ),
    async ({ platform }, { id }) => {
      await platform.ring(id);
      await platform.ring(id);
    },
  ),
  waitLong: async (world) => {
    await world.letTimePass();
    await world.work();
  },
  tick: async (_, { dice }) => {
    vi.setSystemTime(Date.now() + (dice % 90) * SECOND_MS);
  },
  sleep: async () => {
    if (Date.now() < realNowMs() + (MAX_DAYS_AHEAD - 2) * DAY_MS) vi.setSystemTime(Date.now() + DAY_MS);
  },
  reconcile: async (world, { dice }) => {
    await reconcile(world.platform, world, { kind: dice % 2 === 0 ? "recent" : "full" });
  },
} satisfies Record<string, Act>;

export type StepKind = keyof typeof STEPS;

/** How often each step is taken, beside the others. */
export const STEP_WEIGHTS: Record<StepKind, number> = {
  create: 9,
  bill: 2,
  subscribe: 2,
  unsubscribe: 1,
  cancel: 4,
  refund: 5,
  receiveInCash: 4,
  undoReceiveInCash: 3,
  refresh: 3,
  writeOff: 3,
  grantCashback: 2,
  undoEntry: 2,
  pay: 9,
  credit: 5,
  overdue: 3,
  postpone: 2,
  dispute: 5,
  decideDispute: 8,
  holdRefunds: 2,
  settleRefund: 3,
  passCycle: 3,
  removeAtDesk: 2,
  restoreAtDesk: 3,
  cashAtDesk: 1,
  refundAtDesk: 2,
  makeAtDesk: 1,
  strike: 5,
  deliver: 9,
  deliverLast: 3,
  deliverOne: 3,
  lose: 8,
  repeat: 2,
  work: 6,
  ringTwice: 2,
  waitLong: 3,
  tick: 6,
  sleep: 2,
  reconcile: 2,
};
