import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { financeRouter } from "../../functions/finance/router.ts";
import { createCallerFactory, type RequestContext } from "../../shared/trpc/procedures.ts";
import type { CrmClient } from "../crm/support/open-practice.ts";
import { countRows } from "../db/support/count-rows.ts";
import { type FinanceClient, openBooks } from "../finance/support/open-books.ts";
import { listProcedures } from "../rules/procedures.ts";
import { type Member, type Platform, startPlatform } from "../support/platform.ts";

const TERMS = {
  taxId: "529.982.247-25",
  totalCents: 1_000,
  installmentCount: 12,
  firstDueDate: "2027-01-31",
  billingType: "pix",
} as const;

interface Scene {
  books: Awaited<ReturnType<typeof openBooks>>;
  owner: Member;
  /** Its session is warm: the isolate knows who calls. */
  crm: CrmClient;
  finance: FinanceClient;
  leadId: string;
  chargeId: string;
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
  const clients = clientsOf({ books, owner });
  const { id: leadId } = await clients.crm.leads.create.mutate({ name: "Ana", phone: "41988887777" });
  const { id: chargeId } = await books.bill();
  scene = { books, owner, ...clients, leadId, chargeId };
});

function clientsOf({ books, owner, idempotencyKey }: Pick<Scene, "books" | "owner"> & { idempotencyKey?: string }) {
  const { router, kernel } = books.practice;
  const caller = platform.caller(owner, idempotencyKey === undefined ? {} : { idempotencyKey });
  return {
    crm: platform.client({ router, kernel, caller }),
    finance: platform.client({ router: financeRouter, kernel, caller }),
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
  "financial.charges.list": ({ finance }) => finance.financial.charges.list.query({ status: "pending" }),
  "financial.charges.getById": ({ finance, chargeId }) => finance.financial.charges.getById.query({ id: chargeId }),
  "financial.ledger.list": ({ finance, chargeId }) => finance.financial.ledger.list.query({ chargeId }),
};

const WRITES: Record<string, (scene: Scene) => Promise<unknown>> = {
  "leads.create": ({ crm }) => crm.leads.create.mutate({ name: "Bia", phone: "11977776666" }),
  "leads.update": ({ crm, leadId }) => crm.leads.update.mutate({ id: leadId, version: 1, patch: { goal: "product" } }),
  "leads.updateStage": ({ crm, leadId }) => crm.leads.updateStage.mutate({ id: leadId, version: 1, stage: "qualified" }),
  "leads.convert": ({ crm, leadId, books }) =>
    crm.leads.convert.mutate({ id: leadId, offeringId: books.practice.offeringId, ...TERMS }),
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

test("no procedure of leads, students, enrolments and money is left out here", () => {
  const known = listProcedures().filter(({ group }) => group === "crm" || group === "finance");
  expect(known.map(({ path }) => path).toSorted()).toEqual(Object.keys({ ...READS, ...WRITES, ...PUBLIC_WRITES }).toSorted());
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
    const { crm: viewers } = clientsOf({ books, owner: viewer });
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
