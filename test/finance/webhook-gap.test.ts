import { v7 as uuidv7 } from "uuid";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { insertRow } from "../db/support/insert-row.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { openStage, type Practice, type Stage } from "./support/account-stage.ts";
import type { Provider } from "./support/open-account.ts";
import { dateIn, inPanel, madeByHand, makeTwins, moneyOf, reconcile, type Twin } from "./support/reconciled-books.ts";

let platform: Platform;
let stage: Stage;
beforeAll(async () => {
  platform = await startPlatform();
  stage = await openStage(platform);
});
afterEach(() => {
  stage.door.answer = undefined;
  stage.asaas.faults.length = 0;
});
afterAll(async () => {
  await stage.close();
  await platform.close();
});

/** Rings what is due until nothing is. */
async function work({ mentoradoId }: Practice): Promise<number[]> {
  const statuses: number[] = [];
  for (;;) {
    const due = await platform.database.query<{ id: string }>(
      "select id from jobs where mentorado_id = $1 and status = 'pending' and run_at <= now() and name <> 'finance.remind-due-charges' order by created_at, id",
      [mentoradoId],
    );
    if (due.length === 0) return statuses;
    for (const { id } of due) statuses.push((await platform.ring(id)).status);
  }
}

const statusOf = (practice: Practice) => practice.finance.financial.account.status.query();

/** A connected practice with charges that both sides have. */
async function opened(count: number): Promise<{ practice: Practice; twins: Twin[]; provider: Provider }> {
  const practice = await stage.newPractice();
  await practice.connect();
  const studentId = uuidv7();
  await insertRow(platform.database, "students", { mentorado_id: practice.mentoradoId, id: studentId, name: "Ana Prado" });
  // Only its `asaas` is asked for.
  const provider = { asaas: stage.asaas } as Provider;
  const pattern = await madeByHand(provider, practice);
  await stage.asaas.idle();
  await work(practice);
  stage.asaas.payments(practice.apiKey).length = 0;
  const books = { mentoradoId: practice.mentoradoId, apiKey: practice.apiKey, studentId };
  const [recent, old] = [
    await makeTwins(platform, provider, books, { count: count - 1, pattern }),
    await makeTwins(platform, provider, books, { count: 1, pattern, dueDate: dateIn(-300) }),
  ];
  return { practice, twins: [...recent, ...old], provider };
}

/** What the books are to be after it: every charge but the first is paid, the second given back in part. */
async function liveOn({ practice, twins, provider }: Awaited<ReturnType<typeof opened>>): Promise<void> {
  for (const { externalId } of twins.slice(1)) stage.asaas.pay({ paymentId: externalId, via: "pix" });
  await inPanel(provider, practice, "POST", `/payments/${twins[1]?.externalId}/refund`, { value: 25 });
}

const BILLED = ["charge receivable 10000", "charge revenue -10000"];
const RECEIVED = ["cash 9801", "fees 199", "receivable -10000"].map((line) => `receipt:${dateIn(0)} ${line}`);
const REFUNDED = ["refund:2500 cash -2500", "refund:2500 refunds 2500"];

async function expectTruth({ practice, twins }: Awaited<ReturnType<typeof opened>>): Promise<void> {
  const [untouched, refunded, ...paid] = await moneyOf(
    platform,
    twins.map(({ id }) => id),
  );
  expect(untouched).toEqual(BILLED);
  expect(refunded).toEqual([...BILLED, ...RECEIVED, ...REFUNDED].toSorted());
  for (const money of paid) expect(money).toEqual([...BILLED, ...RECEIVED]);
  const shown = await platform.database.query(
    "select status, count(*)::int from charges where mentorado_id = $1 group by 1 order by 1",
    [practice.mentoradoId],
  );
  expect(shown).toEqual([
    { status: "pending", count: 1 },
    { status: "received", count: twins.length - 1 },
  ]);
  expect((await practice.finance.financial.conflicts.list.query()).items).toMatchObject([{ kind: "unknown_payment" }]);
  expect(await practice.finance.financial.ledger.verify.query()).toMatchObject({ isValid: true });
}

/** The door refuses for good until Asaas stops sending. */
async function interrupt(practice: Practice, { twins }: { twins: Twin[] }): Promise<void> {
  stage.door.answer = () => new Response(null, { status: 503 });
  stage.asaas.emit({
    apiKey: practice.apiKey,
    event: "PAYMENT_CHECKOUT_VIEWED",
    payment: stage.asaas.payments(practice.apiKey).find(({ id }) => id === twins[0]?.externalId),
  } as Parameters<typeof stage.asaas.emit>[0]);
  await expect.poll(async () => (await practice.webhooks())[0]?.interrupted, { timeout: 10_000 }).toBe(true);
  stage.door.answer = undefined;
}

test("after an interruption the queue goes again, what it held comes, and the ledger is the truth, without doubles", async () => {
  const scene = await opened(12);
  const { practice } = scene;
  await interrupt(practice, scene);
  await liveOn(scene);
  expect(await practice.check()).toBe(200);
  // Both ways at once: the events that were held, and the repair.
  const repair = work(practice);
  await stage.asaas.idle();
  await repair;
  expect((await work(practice)).filter((status) => status !== 200)).toEqual([]);
  await expectTruth(scene);
  expect((await statusOf(practice)).problems).toEqual([]);
});

test("after an interruption that outlasts what the provider keeps, the repair alone brings the books to the truth, of any due date", async () => {
  const scene = await opened(12);
  const { practice } = scene;
  await interrupt(practice, scene);
  await liveOn(scene);
  const held = practice.inbox();
  expect(await held).toHaveLength(1);
  // The provider has dropped what it held; what would come is refused for good.
  stage.door.answer = () => new Response(null, { status: 200 });
  expect(await practice.check()).toBe(200);
  await stage.asaas.idle();
  expect(await practice.inbox()).toHaveLength(1);
  expect((await work(practice)).filter((status) => status !== 200)).toEqual([]);
  await expectTruth(scene);
  await reconcile(platform, { mentoradoId: practice.mentoradoId, work: () => work(practice) }, { kind: "full", isGap: true });
  await expectTruth(scene);
});

test("after a webhook was away, the gap is repaired once it has been registered again", async () => {
  const scene = await opened(6);
  const { practice } = scene;
  const [webhook] = await practice.webhooks();
  await practice.removeWebhook(webhook?.id ?? "");
  await liveOn(scene);
  expect(await practice.check()).toBe(200);
  const [gap] = await platform.database.query<{ wait_ms: number; payload: object }>(
    "select 1000 * extract(epoch from run_at - now())::float as wait_ms, payload from jobs where mentorado_id = $1 and name = 'finance.reconcile-full'",
    [practice.mentoradoId],
  );
  expect(gap?.payload).toEqual({ isGap: true });
  expect(gap?.wait_ms).toBeGreaterThan(240_000);
  await practice.letTimePass();
  expect(await practice.run("finance.register-webhook")).toBe(200);
  expect(await practice.run("finance.reconcile-full")).toBe(200);
  expect((await work(practice)).filter((status) => status !== 200)).toEqual([]);
  await expectTruth(scene);
});
