import { describe, expect, test } from "vitest";
import { createPermitLeases } from "../../functions/edge/permit-leases.ts";

const ALLOWED = 600;

/** One caller of one isolate; Redis grants whatever is asked for, out of `remaining`. */
function start({ allowed = ALLOWED }: { allowed?: number } = {}) {
  let remaining = allowed;
  const clock = { nowMs: 0 };
  const leases = createPermitLeases({ now: () => clock.nowMs, maxKeys: 2 });
  const asked: number[] = [];
  const call = (cost = 1, key = "ana") => {
    const { missing, ahead } = leases.take({ key, cost, allowed });
    if (missing === 0) return;
    asked.push(missing + ahead);
    remaining -= missing + ahead;
    leases.grant({ key, missing, ahead, remaining, allowed });
  };
  return { clock, asked, call, used: () => asked.reduce((sum, each) => sum + each, 0) };
}

describe("permits ahead of need", () => {
  test("grow with demand, so that a busy caller asks Redis once in many calls", () => {
    const { asked, call } = start();
    for (let calls = 0; calls < 100; calls += 1) call();
    expect(asked.slice(0, 5)).toEqual([1, 3, 7, 15, 17]);
    expect(asked.length).toBeLessThan(11);
  });

  test("are not taken for somebody who calls now and then", () => {
    const { clock, asked, call } = start();
    for (let calls = 0; calls < 20; calls += 1) {
      call();
      clock.nowMs += 5_000;
    }
    expect(asked).toEqual(Array(20).fill(1));
  });

  test("end when half of the limit is used: from there each call is counted by itself", () => {
    const { asked, call, used } = start();
    for (let calls = 0; calls < ALLOWED; calls += 1) call();
    expect(used()).toBe(ALLOWED);
    expect(asked.slice(-250)).toEqual(Array(250).fill(1));
  });

  test("are none where a limit is a handful", () => {
    const { asked, call } = start({ allowed: 5 });
    for (let calls = 0; calls < 5; calls += 1) call();
    expect(asked).toEqual([1, 1, 1, 1, 1]);
  });

  test("count for a batch as far as they go, and the rest is asked for", () => {
    const { asked, call, used } = start();
    for (let calls = 0; calls < 12; calls += 1) call(10);
    expect(used()).toBeGreaterThanOrEqual(120);
    expect(used()).toBeLessThanOrEqual(120 + 16);
    expect(asked.every((permits) => permits <= 26)).toBe(true);
  });

  test("lapse after five seconds and are asked for anew", () => {
    const { clock, asked, call } = start();
    call();
    call();
    clock.nowMs = 5_000;
    call();
    expect(asked).toEqual([1, 3, 1]);
  });

  test("belong to one caller, and the caller known longest gives way to a third", () => {
    const { asked, call } = start();
    for (const key of ["ana", "bia", "caio", "ana"]) call(1, key);
    expect(asked).toEqual([1, 1, 1, 1]);
  });
});
