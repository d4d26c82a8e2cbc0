/**
 * Every crash, at every step, of the flows of the platform: an event of Asaas becomes one receipt, a won lead becomes one payment,
 * a schedule becomes one reminder, an event of Clerk becomes one membership. The Workers' own code runs against Postgres, Redis, QStash and Asaas over the wire; one invocation
 * is one process, one outgoing request is one step. QStash accepts and keeps the messages; who delivers them, and the clock, is the
 * driver (`support/scenario.ts`), so that each scenario is the same in each run.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dueCharge, type Flow, newMember, type PaymentEvent, paymentEvents, wonLead } from "./support/flows.ts";
import { FLAWLESS } from "./support/history.ts";
import { type Injector, installInjector, type Mishap, type MishapKind, newTimeline, type Step } from "./support/injector.ts";
import { checkThenWork, createNaiveTables, type Recipe, setNxFirst } from "./support/naive-recipes.ts";
import { type Outcome, playAll, type Report, type Scenario } from "./support/scenario.ts";
import { openWorld, type World } from "./support/world.ts";

const LANES = 4;
const LONG_MS = 60_000;
const AT = new Date();
const DEATHS = ["dies-before", "dies-after"] as const;
const IN_ORDER: PaymentEvent[] = ["PAYMENT_CREATED", "PAYMENT_CONFIRMED", "PAYMENT_RECEIVED"];

const receivedPayment = paymentEvents(["PAYMENT_RECEIVED"]);
const orderlyEvents = paymentEvents(IN_ORDER);
/** The clock fires the schedules of every mentorado, so scenarios of that flow are played one at a time. */
const FLOWS: [name: string, flow: Flow, lanes: number, steps: number][] = [
  ["three events of a payment", orderlyEvents, LANES, 18],
  ["a won lead", wonLead, LANES, 17],
  ["a due charge", dueCharge, 1, 4],
  ["two events of a person", newMember, LANES, 13],
];

let world: World;
let injector: Injector;

beforeAll(async () => {
  world = await openWorld();
  injector = installInjector(world.targets);
});

afterAll(async () => {
  injector.close();
  await world.close();
});

function play(scenarios: readonly Scenario[], lanes = LANES): Promise<{ report: Report; outcomes: Outcome[] }> {
  return playAll({ scenarios, world, injector, lanes, at: AT });
}

async function stepsOf(scenario: Scenario): Promise<readonly Step[]> {
  const { report, outcomes } = await play([scenario], 1);
  expect(report).toMatchObject({ verdict: FLAWLESS, flawed: [] });
  return outcomes[0]?.steps ?? [];
}

/** One scenario for each step and kind of mishap. */
function atEach(
  steps: readonly Step[],
  kinds: readonly MishapKind[],
  scenario: Scenario,
  isMeant: (step: Step) => boolean = () => true,
) {
  return steps.flatMap((step, index) =>
    isMeant(step) ? kinds.map((kind): Scenario => ({ ...scenario, mishaps: [{ kind, step: index + 1 }] })) : [],
  );
}

function expectFlawless({ scenarios, planned, struck, verdict, flawed }: Report, least: number): void {
  expect({ verdict, flawed }).toEqual({ verdict: FLAWLESS, flawed: [] });
  expect(scenarios).toBeGreaterThanOrEqual(least);
  // A cache that is slow for once is asked once more, and a step that was the last is no longer there.
  expect(struck).toBeGreaterThanOrEqual(Math.floor(0.95 * planned));
}

describe.each(FLOWS)("%s, whoever dies,", (_name, flow, lanes, least) => {
  test("at any one step, before the request or after it, leaves every effect there once", { timeout: LONG_MS }, async () => {
    const steps = await stepsOf({ flow });
    expect(steps.length).toBeGreaterThanOrEqual(least);
    expectFlawless((await play(atEach(steps, DEATHS, { flow }), lanes)).report, 2 * least);
  });

  test("with every delivery coming twice at the same time, leaves every effect there once", { timeout: LONG_MS }, async () => {
    const steps = await stepsOf({ flow, isDoubled: true });
    const { report } = await play(atEach(steps, ["dies-after"], { flow, isDoubled: true }), lanes);
    // Which of two concurrent requests is the n-th is chance, so not all of the last steps come to be.
    expectFlawless({ ...report, planned: report.planned / 2 }, least);
  });

  test("with a request, or all that follows it, happening only when the rest is over, changes nothing any more", {
    timeout: LONG_MS,
  }, async () => {
    const scenarios = atEach(await stepsOf({ flow }), ["dies-late"], { flow }, (step) => !isCreation(step));
    // Between its intent and its call an attempt ends with its own time, which cannot be moved from here: it stalls before the database.
    const stalls = atEach(await stepsOf({ flow }), ["stalls"], { flow }, ({ target }) => target === "database");
    expectFlawless((await play([...scenarios, ...stalls], lanes)).report, 7);
  });

  test("with any one request that is refused, or done without an answer, leaves every effect there once", {
    timeout: LONG_MS,
  }, async () => {
    const scenarios = atEach(await stepsOf({ flow }), ["refused", "lost"], { flow }, (step) => !isCreation(step));
    expectFlawless((await play(scenarios, lanes)).report, 2 * (least - 2));
  });

  test.each(["broker", "cache"] as const)(
    "with a %s that refuses everything, leaves every effect there once",
    { timeout: LONG_MS },
    async (down) => {
      const steps = await stepsOf({ flow, down });
      expectFlawless((await play(atEach(steps, ["dies-after"], { flow, down }), lanes)).report, 4);
    },
  );
});

/**
 * Deaths at two steps, the second in whatever follows the first. A death before a step leaves the world as a death after the step
 * before it, so that of four pairs one is enough where a flow is long; and nothing hangs on what Redis holds, so a death at the cache
 * is the death at the step before.
 */
describe("two deaths in a row", () => {
  test.each([
    ["an event of a payment", receivedPayment, LANES, DEATHS, 80],
    ["a due charge", dueCharge, 1, DEATHS, 50],
    ["two events of a person", newMember, LANES, ["dies-after"], 60],
    ["a won lead", wonLead, LANES, ["dies-after"], 120],
  ] as const)(
    "at any two steps of %s leave every effect there once",
    { timeout: LONG_MS },
    async (_name, flow, lanes, kinds, least) => {
      const firsts = atEach(await stepsOf({ flow }), kinds, { flow }, ({ target }) => target !== "cache");
      const { outcomes } = await play(firsts, lanes);
      const pairs = firsts.flatMap(({ mishaps: [first] = [] }, index) =>
        first === undefined ? [] : afterwards(first, outcomes[index]?.steps ?? [], kinds, flow),
      );
      expectFlawless((await play(pairs, lanes)).report, least);
    },
  );
});

/** What a provider may do late is a matter of its own, below. */
function isCreation({ target, method }: Step): boolean {
  return target === "provider" && method === "POST";
}

function afterwards(first: Mishap, steps: readonly Step[], kinds: readonly MishapKind[], flow: Flow): Scenario[] {
  return atEach(steps, kinds, { flow }, ({ target }) => target !== "cache").flatMap(({ mishaps: [second] = [] }) =>
    second === undefined || second.step <= first.step ? [] : [{ flow, mishaps: [first, second] }],
  );
}

test("an event that comes while the database is down waits in QStash, whoever dies on its way", {
  timeout: LONG_MS,
}, async () => {
  // The first event has shown whose token it is; the second one finds the database down.
  const down: Mishap = { kind: "refused", step: 4 };
  const steps = await stepsOf({ flow: orderlyEvents, mishaps: [down] });
  expect(steps.slice(3, 6).map(({ target }) => target)).toEqual(["database", "cache", "broker"]);
  const { report } = await play(afterwards(down, steps, DEATHS, orderlyEvents));
  expectFlawless(report, 20);
});

describe("events of a payment in any order", () => {
  const orders = permutations(IN_ORDER).filter((order) => order.join() !== IN_ORDER.join());

  test.each(orders.map((order) => [order.join(", "), paymentEvents(order)] as const))(
    "%s, and a death at any step, leave one receipt and the same status",
    { timeout: LONG_MS },
    async (_order, flow) => {
      expectFlawless((await play(atEach(await stepsOf({ flow }), ["dies-after"], { flow }))).report, 18);
    },
  );
});

describe("a provider", () => {
  test("that did what it was asked, and answers 500, nothing, or too late, is not asked again", async () => {
    const steps = await stepsOf({ flow: wonLead });
    const strikes = atEach(steps, ["failed", "lost", "timed-out", "refused"], { flow: wonLead }, isCreation);
    const { report, outcomes } = await play(strikes);
    expectFlawless(report, 8);
    const deaths = strikes.flatMap(({ mishaps: [first] = [] }, index) =>
      first?.kind !== "lost" ? [] : afterwards(first, outcomes[index]?.steps ?? [], ["dies-after"], wonLead),
    );
    expectFlawless((await play(deaths)).report, 15);
  });

  test("that does what a dead process asked only after its successor looked and asked again, has it twice: nobody can prevent that", async () => {
    const steps = await stepsOf({ flow: wonLead });
    const { report } = await play(atEach(steps, ["dies-late"], { flow: wonLead }, isCreation));
    expect(report).toMatchObject({ scenarios: 2, verdict: { lost: 0, doubled: 2, unfinished: 0, dead: 0, unbalanced: 0 } });
  });
});

describe("the same deaths, with the recipes of tutorials,", () => {
  beforeAll(() => createNaiveTables(world.platform.database));

  test("double the work that is looked up before and written down after", async () => {
    expect(await tryRecipe("check", checkThenWork(world.platform.env.DATABASE_URL ?? ""), 3)).toEqual({ lost: 0, doubled: 2 });
  });

  test("lose the work that Redis lets only the first do", async () => {
    const { DATABASE_URL = "", UPSTASH_REDIS_REST_TOKEN = "" } = world.platform.env;
    const recipe = setNxFirst({ databaseUrl: DATABASE_URL, url: world.platform.redis.url, token: UPSTASH_REDIS_REST_TOKEN });
    expect(await tryRecipe("set-nx", recipe, 2)).toEqual({ lost: 2, doubled: 0 });
  });
});

/** A message for each death, sent again until its recipe says that it is done. */
async function tryRecipe(name: string, recipe: Recipe, steps: number): Promise<{ lost: number; doubled: number }> {
  const all = Array.from({ length: steps }, (_, index) => DEATHS.map((kind): Mishap => ({ kind, step: index + 1 }))).flat();
  const counts = await Promise.all(
    all.map(async (mishap) => {
      const message = `${name} ${mishap.kind} ${mishap.step}`;
      const timeline = newTimeline([mishap]);
      const send = () => injector.run(timeline, async () => recipe(message).then(() => "done"));
      while ((await send()) !== "done");
      const rows = await world.platform.database.query("select from naive_effects where message_id = $1", [message]);
      return rows.length;
    }),
  );
  return { lost: counts.filter((count) => count === 0).length, doubled: counts.filter((count) => count > 1).length };
}

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}
