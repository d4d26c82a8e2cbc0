import { afterAll, beforeAll, expect, test } from "vitest";
import { installPower, type Mishap } from "../outbound/support/power.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { openStage, type Practice, type Stage } from "./support/account-stage.ts";

const MAX_ATTEMPTS = 4;

let platform: Platform;
let stage: Stage;
beforeAll(async () => {
  platform = await startPlatform();
  stage = await openStage(platform);
});
afterAll(async () => {
  await stage.close();
  await platform.close();
});

/** Each practice registers its webhook in a process that is struck once, then in others until it is done. */
async function strikeEach(kind: Mishap["kind"]): Promise<Practice[]> {
  const power = installPower();
  const practices: Practice[] = [];
  async function begin(): Promise<Practice> {
    const practice = await stage.newPractice();
    const { outcome } = await power.run(() => practice.finance.financial.account.save.mutate({ apiKey: practice.apiKey }));
    if (outcome === "died") throw new Error("nothing struck it");
    practices.push(practice);
    return practice;
  }
  const register = (practice: Practice, mishap?: Mishap) => power.run(() => practice.run("finance.register-webhook"), mishap);
  try {
    const { outcome, steps } = await register(await begin());
    expect(outcome).toBe(200);
    expect(steps).toBeGreaterThanOrEqual(6);
    for (let step = 1; step <= steps; step += 1) {
      const practice = await begin();
      await register(practice, { kind, step });
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
        await practice.letTimePass();
        const [job] = await practice.jobs("finance.register-webhook");
        if (job?.status === "done") break;
        await register(practice);
      }
      expect(await practice.jobs("finance.register-webhook"), `${kind} at ${step}`).toMatchObject([{ status: "done" }]);
    }
  } finally {
    power.close();
  }
  return practices;
}

test.each(["die-before", "die-after", "lose", "cut"] as const)(
  "one webhook is made, and its events are taken, whatever request a registration is struck at: %s",
  async (kind) => {
    const practices = await strikeEach(kind);
    for (const practice of practices) practice.announce();
    await stage.asaas.idle();
    for (const [step, practice] of practices.entries()) {
      const { webhook_external_id: id } = await practice.account();
      expect(await practice.webhooks(), `${kind} at ${step}`).toMatchObject([
        { id, penalizedRequestsCount: 0, interrupted: false },
      ]);
      expect(await practice.inbox(), `${kind} at ${step}`).toHaveLength(1);
    }
  },
);
