import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openFinance } from "../../functions/finance/open-finance.ts";
import { patternsRouter } from "../../functions/patterns/router.ts";
import { createCallerFactory, type RequestContext } from "../../shared/trpc/procedures.ts";
import type { CrmClient } from "../crm/support/open-practice.ts";
import { countRows } from "../db/support/count-rows.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { type FinanceClient, openBooks } from "../finance/support/open-books.ts";
import { addPull } from "../patterns/support/add-pull.ts";
import { openWorkshop, type PatternsClient, type Workshop } from "../patterns/support/open-workshop.ts";
import { listProcedures } from "../rules/procedures.ts";
import { type Member, type Platform, startPlatform } from "../support/platform.ts";

const TERMS = {
  taxId: "529.982.247-25",
  totalCents: 1_000,
  installmentCount: 12,
  firstDueDate: "2027-01-31",
  billingType: "pix",
} as const;

const API_KEY = "$aact_hmlg_of_the_round_trips_0001";
const LAST_MINUTE = { receivedFrom: "2026-11-21T00:00:00Z", receivedUntil: "2026-11-21T00:01:00Z" };
const CHECKER = { kind: "decision" as const, slot: "file-case", allow: ["kebab-case"], in: { folder: "" } };
const PLACE = { path: "src/a-file.ts", startLine: 1, endLine: 2 };
const WAIVER = { glob: "old/**", reason: "Moves soon", expiresAt: "2099-01-01T00:00:00Z" };
const DUNNING_POLICY = { isEnabled: true, steps: [-1, 0], quietFrom: "20:00", quietUntil: "09:00", skipsWeekends: true };

interface Scene {
  books: Awaited<ReturnType<typeof openBooks>>;
  owner: Member;
  /** Its session is warm: the isolate knows who calls. */
  crm: CrmClient;
  finance: FinanceClient;
  leadId: string;
  chargeId: string;
  conflictId: string;
  /** Paid at the provider, and paid in cash. */
  paidId: string;
  cashId: string;
  subscriptionId: string;
  /** The entry of a cashback that stands. */
  cashbackId: string;
  workshop: Workshop;
  patterns: PatternsClient;
  repoId: string;
  /** Two candidates, the first with a place that shows it; one that holds and has a checker, and one that was rejected. */
  patternId: string;
  otherPatternId: string;
  evidenceId: string;
  holdingId: string;
  rejectedId: string;
  /** Checked once, with one violation; and a waiver of its pattern. */
  pullId: string;
  violationId: string;
  waiverId: string;
}

let platform: Platform;
let scene: Scene;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

beforeEach(async () => {
  const books = await openBooks(platform);
  const owner = await platform.createMember({ mentoradoId: books.mentoradoId, role: "owner" });
  const workshop = await openWorkshop(platform);
  const clients = clientsOf({ books, owner, workshop });
  const { id: leadId } = await clients.crm.leads.create.mutate({ name: "Ana", phone: "41988887777" });
  await clients.finance.financial.account.save.mutate({ apiKey: API_KEY });
  const { id: chargeId } = await books.bill();
  const conflictId = uuidv7();
  await insertRow(platform.database, "sync_conflicts", {
    mentorado_id: books.mentoradoId,
    id: conflictId,
    kind: "unknown_payment",
    external_id: "pay_by_hand",
    status: "pending",
    version: 1,
    seen_at: new Date().toISOString(),
    created_at: new Date().toISOString(),
  });
  const [{ id: paidId }, { id: cashId }] = [await books.bill({ status: "received" }), await books.bill({ status: "received" })];
  await platform.database.query(
    `update charges set provider_status = case when id = $1 then 'RECEIVED_IN_CASH' else 'RECEIVED' end, pix_payload = 'pix'
       from set_config('app.actor_type', 'system', true) where id in ($1, $2)`,
    [cashId, paidId],
  );
  const subscriptionId = uuidv7();
  await insertRow(platform.database, "subscriptions", {
    mentorado_id: books.mentoradoId,
    id: subscriptionId,
    student_id: books.studentId,
    billing_type: "pix",
    cycle: "monthly",
    amount_cents: 10_000,
    next_due_date: "2099-12-01",
  });
  const cashbackId = uuidv7();
  for (const [id, charge, kind, lines] of [
    [uuidv7(), chargeId, "charge", { receivable: 10_000, revenue: -10_000 }],
    [uuidv7(), paidId, "receipt", { cash: 10_000, receivable: -10_000 }],
    [cashbackId, paidId, "cashback", { cashback: 500, cash: -500 }],
  ] as const) {
    await platform.database.query(
      `select guilda.post_entry($1, $2, $3, $4, $4, 'user:test', null, now(), $5::jsonb) from set_config('app.actor_type', 'system', true)`,
      [books.mentoradoId, id, charge, kind, JSON.stringify(lines)],
    );
  }
  const craft = await openCraft(workshop);
  scene = {
    books,
    owner,
    workshop,
    ...clients,
    ...craft,
    leadId,
    chargeId,
    conflictId,
    paidId,
    cashId,
    subscriptionId,
    cashbackId,
  };
});

async function openCraft({ owner: { patterns }, mentoradoId, repoId, propose }: Workshop) {
  const [patternId, otherPatternId, rejectedId] = [await propose(), await propose(), await propose()];
  const words = { repoId, name: "Cases", description: "Kebab", type: "filesystem" as const };
  const { id: holdingId } = await patterns.create.mutate({ ...words, checker: CHECKER });
  await patterns.promote.mutate({ id: holdingId });
  await patterns.reject.mutate({ id: rejectedId });
  await patterns.addEvidence.mutate({ id: patternId, path: "src/b-file.ts" });
  const { evidence } = await patterns.getById.query({ id: patternId });
  const { id: waiverId } = await patterns.waive.mutate({ id: holdingId, ...WAIVER });
  const checks = [{ [holdingId]: [2, 1] as [number, number] }];
  const pull = await addPull({ platform, mentoradoId, repoId, checks, violations: { [holdingId]: 1 } });
  return {
    repoId,
    patternId,
    otherPatternId,
    rejectedId,
    holdingId,
    evidenceId: evidence[0]?.id ?? "",
    waiverId,
    pullId: pull.id,
    violationId: pull.violationIds[0] ?? "",
  };
}

function clientsOf({
  books,
  owner,
  workshop,
  idempotencyKey,
}: Pick<Scene, "books" | "owner" | "workshop"> & { idempotencyKey?: string }) {
  const { router, kernel } = books.practice;
  const headers = idempotencyKey === undefined ? {} : { idempotencyKey };
  const caller = platform.caller(owner, headers);
  return {
    patterns: platform.client({
      router: patternsRouter,
      kernel: workshop.kernel,
      caller: platform.caller(workshop.ownerMember, headers),
    }),
    crm: platform.client({ router, kernel, caller }),
    finance: platform.client({ router: openFinance(platform.env).router, kernel, caller }),
  };
}

const READS: Record<string, (scene: Scene) => Promise<unknown>> = {
  "leads.list": ({ crm }) => crm.leads.list.query({ limit: 5, stage: "new" }),
  "leads.getById": ({ crm, leadId }) => crm.leads.getById.query({ id: leadId }),
  "leads.watch": watchOnce,
  "students.list": ({ crm }) => crm.students.list.query(),
  "students.getById": ({ crm, books }) => crm.students.getById.query({ id: books.studentId }),
  "enrollments.list": ({ crm, books }) => crm.enrollments.list.query({ studentId: books.studentId }),
  "enrollments.getById": ({ crm, books }) => crm.enrollments.getById.query({ id: books.enrollmentId }),
  "financial.account.status": ({ finance }) => finance.financial.account.status.query(),
  "financial.charges.list": ({ finance }) => finance.financial.charges.list.query({ status: "pending" }),
  "financial.charges.getById": ({ finance, chargeId }) => finance.financial.charges.getById.query({ id: chargeId }),
  "financial.charges.operations": ({ finance, chargeId }) => finance.financial.charges.operations.query({ chargeId }),
  "financial.charges.pixQr": ({ finance, paidId }) => finance.financial.charges.pixQr.query({ id: paidId }),
  "financial.subscriptions.list": ({ finance }) => finance.financial.subscriptions.list.query(),
  "financial.events.list": ({ finance }) => finance.financial.events.list.query({ status: "dead" }),
  "financial.conflicts.list": ({ finance }) => finance.financial.conflicts.list.query(),
  "financial.reconciliation.status": ({ finance }) => finance.financial.reconciliation.status.query(),
  "financial.metrics": ({ finance }) => finance.financial.metrics.query({ month: "2027-01" }),
  "financial.dueCalendar": ({ finance }) => finance.financial.dueCalendar.query({ month: "2027-01" }),
  "financial.metricRows": ({ finance }) => finance.financial.metricRows.query({ metric: "due", month: "2027-01" }),
  "financial.dunning.getPolicy": ({ finance }) => finance.financial.dunning.getPolicy.query(),
  "financial.dunning.optOuts": ({ finance }) => finance.financial.dunning.optOuts.query(),
  "financial.dunning.simulate": ({ finance }) => finance.financial.dunning.simulate.query(),
  "financial.dunning.reminders": ({ finance, chargeId }) => finance.financial.dunning.reminders.query({ chargeId }),
  "financial.ledger.list": ({ finance, chargeId }) => finance.financial.ledger.list.query({ chargeId }),
  "financial.ledger.balances": ({ finance }) => finance.financial.ledger.balances.query(),
  "financial.ledger.verify": ({ finance }) => finance.financial.ledger.verify.query(),
  "financial.ledger.export": ({ finance }) => finance.financial.ledger.export.query(),
  "repos.list": ({ patterns }) => patterns.repos.list.query(),
  "repos.getById": ({ patterns, repoId }) => patterns.repos.getById.query({ id: repoId }),
  "repos.pulls": ({ patterns, repoId }) => patterns.repos.pulls.query({ repoId }),
  "repos.pull": ({ patterns, pullId }) => patterns.repos.pull.query({ id: pullId }),
  "repos.installations": ({ patterns }) => patterns.repos.installations.query(),
  "patterns.list": ({ patterns, repoId }) => patterns.patterns.list.query({ repoId }),
  "patterns.getById": ({ patterns, patternId }) => patterns.patterns.getById.query({ id: patternId }),
  "patterns.history": ({ patterns, patternId }) => patterns.patterns.history.query({ id: patternId }),
  "patterns.triageQueue": ({ patterns }) => patterns.patterns.triageQueue.query(),
  "patterns.violations": ({ patterns, holdingId }) => patterns.patterns.violations.query({ id: holdingId, state: "open" }),
  "patterns.adherence": ({ patterns, repoId }) => patterns.patterns.adherence.query({ repoId }),
  "patterns.cohortMatrix": ({ patterns }) => patterns.patterns.cohortMatrix.query(),
  "patterns.previewChecker": ({ patterns, repoId }) => patterns.patterns.previewChecker.query({ repoId, checker: CHECKER }),
  "patterns.backtest": ({ patterns, holdingId }) => patterns.patterns.backtest.query({ id: holdingId }),
};

const WRITES: Record<string, (scene: Scene) => Promise<unknown>> = {
  "leads.create": ({ crm }) => crm.leads.create.mutate({ name: "Bia", phone: "11977776666" }),
  "leads.update": ({ crm, leadId }) => crm.leads.update.mutate({ id: leadId, version: 1, patch: { goal: "product" } }),
  "leads.updateStage": ({ crm, leadId }) => crm.leads.updateStage.mutate({ id: leadId, version: 1, stage: "qualified" }),
  "leads.convert": ({ crm, leadId, books }) =>
    crm.leads.convert.mutate({ id: leadId, offeringId: books.practice.offeringId, ...TERMS }),
  "financial.account.save": ({ finance }) => finance.financial.account.save.mutate({ apiKey: API_KEY }),
  "financial.account.disable": ({ finance }) => finance.financial.account.disable.mutate(),
  "financial.charges.create": ({ finance, books }) =>
    finance.financial.charges.create.mutate({
      studentId: books.studentId,
      amountCents: 5_000,
      dueDate: "2099-12-01",
      billingType: "pix",
    }),
  "financial.charges.refresh": ({ finance, chargeId }) => finance.financial.charges.refresh.mutate({ id: chargeId }),
  "financial.charges.cancel": ({ finance, chargeId }) => finance.financial.charges.cancel.mutate({ id: chargeId }),
  "financial.charges.refund": ({ finance, paidId }) => finance.financial.charges.refund.mutate({ id: paidId, amountCents: 500 }),
  "financial.charges.receiveInCash": ({ finance, chargeId }) =>
    finance.financial.charges.receiveInCash.mutate({ id: chargeId, paymentDate: "2026-01-05" }),
  "financial.charges.undoReceiveInCash": ({ finance, cashId }) =>
    finance.financial.charges.undoReceiveInCash.mutate({ id: cashId }),
  "financial.charges.writeOff": ({ finance, chargeId }) =>
    finance.financial.charges.writeOff.mutate({ id: chargeId, reason: "uncollectible" }),
  "financial.charges.grantCashback": ({ finance, paidId }) =>
    finance.financial.charges.grantCashback.mutate({ id: paidId, amountCents: 500 }),
  "financial.ledger.undo": ({ finance, cashbackId }) => finance.financial.ledger.undo.mutate({ id: cashbackId }),
  "financial.enrollments.bill": ({ finance, books }) =>
    finance.financial.enrollments.bill.mutate({ enrollmentId: books.enrollmentId }),
  "financial.subscriptions.create": ({ finance, books }) =>
    finance.financial.subscriptions.create.mutate({
      studentId: books.studentId,
      amountCents: 5_000,
      cycle: "monthly",
      nextDueDate: "2099-12-01",
      billingType: "pix",
    }),
  "financial.subscriptions.cancel": ({ finance, subscriptionId }) =>
    finance.financial.subscriptions.cancel.mutate({ id: subscriptionId }),
  "financial.events.replay": ({ finance }) => finance.financial.events.replay.mutate(LAST_MINUTE),
  "financial.conflicts.resolve": ({ finance, conflictId }) =>
    finance.financial.conflicts.resolve.mutate({ id: conflictId, version: 1, resolution: "ignore" }),
  "financial.dunning.setPolicy": ({ finance }) => finance.financial.dunning.setPolicy.mutate({ ...DUNNING_POLICY, version: 0 }),
  "financial.dunning.setOptOut": ({ finance, books }) =>
    finance.financial.dunning.setOptOut.mutate({ studentId: books.studentId, isOptedOut: true }),
  "financial.reconciliation.start": ({ finance }) => finance.financial.reconciliation.start.mutate({ kind: "recent" }),
  "repos.connect": ({ patterns }) => patterns.repos.connect.mutate({ url: "https://github.com/acme/web" }),
  "repos.rescan": ({ patterns, repoId }) => patterns.repos.rescan.mutate({ id: repoId }),
  "repos.setCheckMode": ({ patterns, repoId }) => patterns.repos.setCheckMode.mutate({ id: repoId, mode: "off" }),
  "patterns.dismissViolation": ({ patterns, violationId }) =>
    patterns.patterns.dismissViolation.mutate({ id: violationId, reason: "A command", isFalsePositive: true }),
  "patterns.waive": ({ patterns, patternId }) => patterns.patterns.waive.mutate({ id: patternId, ...WAIVER }),
  "patterns.revokeWaiver": ({ patterns, waiverId }) => patterns.patterns.revokeWaiver.mutate({ id: waiverId }),
  "repos.disconnect": ({ patterns, repoId }) => patterns.repos.disconnect.mutate({ id: repoId }),
  "patterns.create": ({ patterns, repoId }) =>
    patterns.patterns.create.mutate({ repoId, name: "Names", description: "Short", type: "code", checker: CHECKER }),
  "patterns.update": ({ patterns, patternId }) => patterns.patterns.update.mutate({ id: patternId, checker: CHECKER }),
  "patterns.updateStatus": ({ patterns, patternId }) =>
    patterns.patterns.updateStatus.mutate({ id: patternId, status: "authoritative" }),
  "patterns.promote": ({ patterns, patternId }) => patterns.patterns.promote.mutate({ id: patternId }),
  "patterns.reject": ({ patterns, patternId }) => patterns.patterns.reject.mutate({ id: patternId }),
  "patterns.defer": ({ patterns, patternId }) => patterns.patterns.defer.mutate({ id: patternId }),
  "patterns.reopen": ({ patterns, rejectedId }) => patterns.patterns.reopen.mutate({ id: rejectedId }),
  "patterns.deprecate": ({ patterns, holdingId }) => patterns.patterns.deprecate.mutate({ id: holdingId }),
  "patterns.merge": ({ patterns, patternId, otherPatternId }) =>
    patterns.patterns.merge.mutate({ id: patternId, into: otherPatternId }),
  "patterns.setSeverity": ({ patterns, patternId }) => patterns.patterns.setSeverity.mutate({ id: patternId, severity: "error" }),
  "patterns.setChannels": ({ patterns, holdingId }) => patterns.patterns.setChannels.mutate({ id: holdingId, channels: [] }),
  "patterns.addEvidence": ({ patterns, patternId }) => patterns.patterns.addEvidence.mutate({ id: patternId, ...PLACE }),
  "patterns.removeEvidence": ({ patterns, patternId, evidenceId }) =>
    patterns.patterns.removeEvidence.mutate({ id: patternId, evidenceId }),
  "patterns.setCanonical": ({ patterns, patternId, evidenceId }) =>
    patterns.patterns.setCanonical.mutate({ id: patternId, evidenceId }),
};

/** The exception: between reading the key and keeping the result it asks the provider, where it only reads. */
const TESTS_ABROAD: Record<string, (scene: Scene) => Promise<unknown>> = {
  "financial.account.test": ({ finance }) => finance.financial.account.test.mutate(),
};

/** Writes of callers who send no idempotency key. */
const PUBLIC_WRITES: Record<string, (scene: Scene) => Promise<unknown>> = {
  "leads.createPublic": ({ books }) => books.practice.visit().leads.createPublic.mutate({ name: "Caio", phone: "21966665555" }),
};

/** One look of a subscription. */
async function watchOnce({ books, owner, leadId }: Scene): Promise<unknown> {
  const { router, kernel } = books.practice;
  const { connection, cache, doorbell, memory, log, newId } = kernel;
  const caller = platform.caller(owner);
  const context: RequestContext = {
    caller,
    connection,
    cache,
    doorbell,
    memory,
    log,
    newId,
    now: new Date(),
    waitUntil: () => undefined,
  };
  await platform.database.query(
    "update leads set created_at = '2026-01-01' from set_config('app.actor_type', 'system', true) where id = $1",
    [leadId],
  );
  const before = leadId.replace(/^.{8}/, "00000000");
  const watched = await createCallerFactory(router)(context).leads.watch({ lastEventId: before });
  return (await watched[Symbol.asyncIterator]().next()).value;
}

async function countTrips<Value>(call: () => Promise<Value>): Promise<{ trips: number; value: Value }> {
  const { requests } = platform.database;
  const before = requests.count();
  const value = await call();
  return { trips: requests.count() - before, value };
}

test("no procedure of leads, students, enrolments, money and patterns is left out here", () => {
  const known = listProcedures().filter(({ group }) => group !== "accounts");
  expect(known.map(({ path }) => path).toSorted()).toEqual(
    Object.keys({ ...READS, ...WRITES, ...PUBLIC_WRITES, ...TESTS_ABROAD }).toSorted(),
  );
});

describe("a round trip", () => {
  test.each(Object.entries(READS))("is all that the read %s costs", async (_, read) => {
    expect((await countTrips(() => read(scene))).trips).toBe(1);
  });

  test.each(Object.entries({ ...WRITES, ...PUBLIC_WRITES }))("is all that the write %s costs", async (_, write) => {
    expect((await countTrips(() => write(scene))).trips).toBe(1);
  });

  test.each(Object.entries(WRITES))(
    "is all that %s costs with an idempotency key; its replay costs two and does nothing",
    async (_, write) => {
      const keyed = { ...scene, ...clientsOf({ ...scene, idempotencyKey: "key-0001" }) };
      const first = await countTrips(() => write(keyed));
      expect(first.trips).toBe(1);
      await platform.settled();
      const before = await countRows(platform.database);
      const replay = await countTrips(() => write(keyed));
      expect(replay.trips).toBe(2);
      expect(replay.value).toEqual(first.value);
      expect(await countRows(platform.database)).toEqual(before);
    },
  );

  test.each(Object.entries(TESTS_ABROAD))("is made twice by %s, before and after its call abroad", async (_, look) => {
    expect(await countTrips(() => look(scene))).toEqual({ trips: 2, value: { result: "unreachable", name: null } });
  });

  test("is all that a refusal costs", async () => {
    const { crm, leadId } = scene;
    const stale = () => crm.leads.update.mutate({ id: leadId, version: 9, patch: {} }).catch(() => "refused");
    expect(await countTrips(stale)).toEqual({ trips: 1, value: "refused" });
  });

  test("more tells a new isolate who calls, and none when Redis knows", async () => {
    const { owner, books } = scene;
    const inNewIsolate = () => {
      const { router } = books.practice;
      return platform.client({ router, kernel: platform.kernel("crm"), caller: platform.caller(owner) }).leads.list.query();
    };
    await platform.settled();
    expect((await countTrips(inNewIsolate)).trips).toBe(1);
    await platform.redis.flush();
    expect((await countTrips(inNewIsolate)).trips).toBe(2);
  });

  test("is not made for an input that is refused, nor for a role that may not", async () => {
    const { books, crm } = scene;
    const viewer = await platform.createMember({ mentoradoId: books.mentoradoId, role: "viewer" });
    const { crm: viewers } = clientsOf({ ...scene, owner: viewer });
    await viewers.leads.list.query();
    expect(await countTrips(() => crm.leads.create.mutate({ name: "" }).catch(() => "refused"))).toEqual({
      trips: 0,
      value: "refused",
    });
    expect(await countTrips(() => viewers.leads.create.mutate({ name: "Ana" }).catch(() => "refused"))).toEqual({
      trips: 0,
      value: "refused",
    });
  });
});
