import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dueCharge, paymentEvents, wonLead } from "./support/flows.ts";
import { FLAWLESS } from "./support/history.ts";
import { type Injector, installInjector } from "./support/injector.ts";
import { playAll, type Scenario } from "./support/scenario.ts";
import { openWorld, type World } from "./support/world.ts";

const LANES = 4;
const AT = new Date();
const RECEIVED = ["PAYMENT_CREATED", "PAYMENT_CONFIRMED", "PAYMENT_RECEIVED"] as const;

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

const play = (scenarios: readonly Scenario[], lanes = LANES) => playAll({ scenarios, world, injector, lanes, at: AT });

const flows = { "a due charge": dueCharge, "payment events": paymentEvents(RECEIVED), "a won lead": wonLead,  };

describe.each(Object.entries(flows))("%s", (_name, flow) => {
  test("clean", async () => {
    const { report, outcomes } = await play([{ flow }]);
    console.error(outcomes[0]?.steps.map(({ target, method }) => `${target}:${method}`).join(" "));
    expect(report).toMatchObject({ verdict: FLAWLESS, flawed: [] });
  });
  test("singles", async () => {
    const { outcomes } = await play([{ flow }]);
    const n = outcomes[0]?.steps.length ?? 0;
    const scenarios = Array.from({ length: n }, (_, index) =>
      (["dies-before", "dies-after", "dies-late"] as const).map((kind): Scenario => ({ flow, mishaps: [{ kind, step: index + 1 }] })),
    ).flat();
    for (const lanes of [1, 4, 8]) {
    const t = performance.now();
    const c = process.cpuUsage();
    const { report, outcomes: all } = await play(scenarios, lanes);
    console.error(lanes, report, performance.now() - t, process.cpuUsage(c), all.reduce((n, o) => n + o.steps.length, 0));
    expect.soft(report).toMatchObject({ verdict: FLAWLESS, flawed: [] });
    }
  }, 60000);
});
