/**
 * Walks at random through all that people, payers, banks and bad luck do to money. However it went, our books must end as the provider's
 * own list of payments says (`support/provider-oracle.ts`), and stay so.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Payment } from "../local/asaas/wire.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { mountFinance } from "./support/asaas-events.ts";
import { atProviderCents, booksOf, centsOf, conflictOf, onTheWayCents } from "./support/provider-oracle.ts";
import {
  openWanderingBooks,
  STEP_WEIGHTS,
  type Step,
  type StepKind,
  startWanderingProvider,
  type Walk,
  type WanderingBooks,
  type WanderingProvider,
} from "./support/wandering-books.ts";

const WALKS = 15;
const SEED = 20_261_121;
const TIMEOUT_MS = 120_000;
const START_CENTS = 10_000_000;

let platform: Platform;
let provider: WanderingProvider;

beforeAll(async () => {
  [platform, provider] = await Promise.all([startPlatform(), startWanderingProvider()]);
  platform.qstash.chaos.drop = 1;
  mountFinance(platform, { ASAAS_API_URL: `${provider.asaas.url}/v3` });
});
afterAll(async () => {
  await platform.close();
  await provider.close();
});

const step = fc.record<Step>({
  kind: fc.oneof(...Object.entries(STEP_WEIGHTS).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind as StepKind) }))),
  pick: fc.nat(1_000),
  dice: fc.nat(1_000),
});
const walk = fc.record<Walk>({
  isLossy: fc.boolean(),
  steps: fc.array(step, { minLength: 20, maxLength: 40, size: "max" }),
});

/** `kind:pick:dice`, for walks that are written down. */
function steps(text: string): Step[] {
  return text.split(" ").map((each) => {
    const [kind, pick = "0", dice = "0"] = each.split(":");
    return { kind: kind as StepKind, pick: Number(pick), dice: Number(dice) };
  });
}

const WON_DISPUTE = "create:3:1 deliver pay:0:1 dispute decideDispute:0:1 decideDispute:0:1 decideDispute:0:1";

/** Where walks have gone astray before. */
const PITFALLS: [what: string, walk: Walk][] = [
  [
    "a dispute is won, and the money given back then",
    { isLossy: false, steps: steps(`${WON_DISPUTE} deliver:0:5 deliver:0:5 refund:0:1`) },
  ],
  [
    "a dispute is won, and the money given back then, and nobody tells",
    { isLossy: true, steps: steps(`${WON_DISPUTE} lose:0:2 deliver:0:5 refund:0:1 lose:0:2`) },
  ],
  ["a removal is compared before its event comes", { isLossy: false, steps: steps("create:0:1 cancel:0:1 reconcile:0:1") }],
  [
    "another amount is asked, and then it is removed",
    { isLossy: false, steps: steps("create:0:1 deliver:0:5 postpone:0:5 cancel:0:1") },
  ],
  [
    "a payment whose making was not answered is removed at the desk",
    { isLossy: false, steps: steps("create:0:1 strike:0:6 create:0:1 deliver:0:5 removeAtDesk:1") },
  ],
  [
    "the undoing of a cash receipt is lost, and the receipt comes again",
    { isLossy: true, steps: steps("create:0:1 receiveInCash:0:1 deliver:0:5 undoReceiveInCash:0:1 lose:0:2") },
  ],
  [
    "a removal was heard, its undoing is lost, and another amount is asked",
    { isLossy: true, steps: steps("create:0:1 cancel:0:1 deliver:0:5 restoreAtDesk lose:0:2 postpone:0:5") },
  ],
  [
    "another amount is taken in cash, undone within the second, and then asked otherwise",
    { isLossy: false, steps: steps("create:0:1 deliver receiveInCash:0:4 deliver undoReceiveInCash:0:1 postpone:0:5") },
  ],
  [
    "a removal is compared before its event comes, and then another amount is asked",
    { isLossy: false, steps: steps("create:0:1 deliver removeAtDesk reconcile:0:1 restoreAtDesk postpone:0:5") },
  ],
  [
    "another amount is taken in cash, the undoing is lost, and the whole is taken in cash",
    {
      isLossy: true,
      steps: steps(
        "create:0:1 deliver:0:5 receiveInCash:0:4 deliver:0:5 undoReceiveInCash:0:1 lose:0:2 receiveInCash:0:1 lose:0:2",
      ),
    },
  ],
  [
    "a subscription's charge is taken in cash, and nobody tells",
    { isLossy: true, steps: steps("subscribe:0:1 cashAtDesk lose:0:2 lose:0:2") },
  ],
];

test.each(PITFALLS)("when %s, the books end as the provider's", async (_, written) => {
  await play(written);
});

test(
  `${WALKS} walks through the life of money end with books that are the provider's`,
  async () => {
    await fc.assert(fc.asyncProperty(walk, play), { seed: SEED, numRuns: WALKS, interruptAfterTimeLimit: TIMEOUT_MS - 10_000 });
  },
  TIMEOUT_MS,
);

test("an event that is older than what the provider's API has told since moves nothing back", async () => {
  const books = await openWanderingBooks(platform, provider, { isLossy: false });
  for (const each of steps("create:2:1 deliver tick:0:9 pay:0:1 refresh:0:1 deliver")) await books.takeStep(each);
  expect(books.heard.map(({ body }) => body.event)).toEqual(["PAYMENT_CREATED", "PAYMENT_CONFIRMED"]);
  expect(await chargesOf(books)).toMatchObject([{ status: "received" }]);
});

/** Plays a walk and judges how it ended. */
async function play(walk: Walk): Promise<void> {
  const books = await openWanderingBooks(platform, provider, walk);
  for (const each of walk.steps) await books.takeStep(each);
  await books.comeToRest();
  if (!walk.isLossy) await expectToAgree(books, "when all events have come");
  await books.reconcile();
  await books.comeToRest();
  await expectToAgree(books, "when all is compared");
  const compared = await rowsOf(books);
  await books.reconcile();
  expect(await rowsOf(books)).toEqual(compared);

  await letProviderDecide(books);
  await expectToAgree(books, "when all is decided");
  const decided = withoutVersions(await rowsOf(books));
  await books.hearAgain();
  expect(withoutVersions(await rowsOf(books))).toEqual(decided);
  await books.reconcile();
  expect(withoutVersions(await rowsOf(books))).toEqual(decided);
}

interface Row {
  [column: string]: unknown;
  id: string;
  externalId: string | null;
  subscriptionId: string | null;
  status: string;
  amountCents: number;
  refundedCents: number;
  dueDate: string;
  writeOffReason: string | null;
  balances: Record<string, number>;
}

function chargesOf({ mentoradoId }: WanderingBooks): Promise<Row[]> {
  return platform.database.query<Row>(
    `select c.id, c.external_id as "externalId", c.subscription_id as "subscriptionId", c.status, c.amount_cents::int as "amountCents",
            c.refunded_cents::int as "refundedCents", c.due_date::text as "dueDate", c.write_off_reason as "writeOffReason",
            (select coalesce(jsonb_object_agg(b.account, b.cents), '{}') from (
               select l.account, sum(l.amount_cents)::int as cents from ledger_entries e
                 join ledger_lines l on l.mentorado_id = e.mentorado_id and l.entry_id = e.id
                where e.mentorado_id = c.mentorado_id and e.charge_id = c.id group by 1 having sum(l.amount_cents) <> 0) b) as balances
       from charges c where c.mentorado_id = $1 order by c.created_at, c.id`,
    [mentoradoId],
  );
}

async function pendingConflicts({ finance }: WanderingBooks) {
  const { items, nextCursor } = await finance.financial.conflicts.list.query({ limit: 100 });
  expect(nextCursor).toBeNull();
  return items;
}

/** Events alone do not tell of what nobody here has made, nor of what a snapshot contradicts: those conflicts come of a comparison. */
type Moment = "when all events have come" | "when all is compared" | "when all is decided";

/** The two books, charge by charge; where events that are gone for ever have left what nobody can explain, a conflict says so. */
async function expectToAgree(books: WanderingBooks, moment: Moment): Promise<void> {
  const isDecided = moment === "when all is decided";
  const [charges, conflicts, payments] = [await chargesOf(books), await pendingConflicts(books), books.payments()];
  const seen: string[] = [];
  const expectedConflicts: string[] = [];
  const [ours, theirs]: [unknown[], unknown[]] = [[], []];
  for (const payment of payments) {
    const charge = charges.find(({ externalId }) => externalId === payment.id);
    const about = conflicts.filter(({ externalId }) => externalId === payment.id);
    if (charge === undefined) {
      const isKnownAsUnknown = about.some(({ kind }) => kind === "unknown_payment");
      if (!isDecided && (!payment.deleted || isKnownAsUnknown)) expectedConflicts.push(`unknown_payment ${payment.id}`);
      if (payment.subscription !== undefined)
        expect(payment, "a charge of a subscription that we lack").toMatchObject({ deleted: true });
      continue;
    }
    seen.push(charge.id);
    const kind = conflictOf({
      payment,
      billedCents: charge.amountCents,
      dropped: isDecided ? [] : books.dropped.filter((body) => body.payment?.id === payment.id),
    });
    if (kind !== undefined) {
      expectedConflicts.push(`${kind} ${payment.id}`);
      if (moment === "when all is compared")
        expect(about).toMatchObject([{ chargeId: charge.id, local: expect.anything(), remote: expect.anything() }]);
      continue;
    }
    const { id, status, amountCents, refundedCents, dueDate, balances } = charge;
    ours.push({ id, status, amountCents, refundedCents, dueDate, balances });
    theirs.push({ id, ...booksOf({ payment, billedCents: amountCents, decisions: books.decisionsOn(charge) }) });
  }
  expect(ours).toEqual(theirs);
  if (moment !== "when all events have come")
    expect(conflicts.map(({ kind, externalId }) => `${kind} ${externalId}`).sort()).toEqual(expectedConflicts.sort());
  const notAtProvider = charges.filter(({ id }) => !seen.includes(id));
  expect(notAtProvider.map(({ status, balances }) => ({ status, balances }))).toEqual(
    notAtProvider.map(() => ({ status: "cancelled", balances: {} })),
  );
  const references = payments.flatMap(({ externalReference, subscription }) =>
    externalReference === null || subscription !== undefined ? [] : externalReference,
  );
  expect(references).toEqual([...new Set(references)]);
  await expectMoney({ books, payments });
}

/** Together: no cent of the provider's account comes from nowhere, nor do our books lose one; and nobody has changed an entry. */
async function expectMoney({ books, payments }: { books: WanderingBooks; payments: readonly Payment[] }): Promise<void> {
  const sum = (cents: (payment: Payment) => number) => payments.reduce((total, payment) => total + cents(payment), 0);
  const response = await fetch(`${provider.asaas.url}/v3/finance/balance`, {
    headers: { access_token: books.apiKey, "user-agent": "test" },
  });
  const { balance } = (await response.json()) as { balance: number };
  expect(centsOf(balance) - START_CENTS).toBe(sum(atProviderCents) - sum(onTheWayCents));
  const { balances } = await books.finance.financial.ledger.list.query({ limit: 1 });
  expect(balances.reduce((total, { balanceCents }) => total + balanceCents, 0)).toBe(0);
  expect(await books.finance.financial.ledger.verify.query()).toMatchObject({ isValid: true });
}

type Rows = { charges: Record<string, unknown>[]; entries: unknown; conflicts: unknown };

/** All that money is, as rows; when a conflict was seen last is no part of it. */
async function rowsOf({ mentoradoId }: WanderingBooks): Promise<Rows> {
  const [rows] = await platform.database.query<Rows & { [column: string]: unknown }>(
    `select (select coalesce(jsonb_agg(to_jsonb(c) order by c.id), '[]') from charges c where c.mentorado_id = $1) as charges,
            (select coalesce(jsonb_agg(jsonb_build_array(e.seq, e.movement, e.source) order by e.seq), '[]') from ledger_entries e where e.mentorado_id = $1) as entries,
            (select coalesce(jsonb_agg(to_jsonb(k) - 'seen_at' order by k.id), '[]') from sync_conflicts k where k.mentorado_id = $1) as conflicts`,
    [mentoradoId],
  );
  if (rows === undefined) throw new Error("a select of aggregates answers one row");
  return rows;
}

/** The latest event is applied again, or the provider asked again, when it comes again: that counts as a version and says nothing new. */
function withoutVersions({ charges, ...rest }: Rows): object {
  const told = charges.map(({ version: _version, updated_at: _updatedAt, asked_at: _askedAt, ...charge }) => charge);
  return { ...rest, charges: told };
}

/** A person finds the provider right in all that is left open. */
async function letProviderDecide(books: WanderingBooks): Promise<void> {
  for (const { id, kind, version } of await pendingConflicts(books)) {
    const resolution = kind === "unknown_payment" ? "ignore" : "keep_remote";
    await books.finance.financial.conflicts.resolve.mutate({ id, version, resolution });
  }
  await books.comeToRest();
  await books.reconcile();
}
