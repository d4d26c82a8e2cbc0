import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type DunnedCharge,
  type DunningPolicy,
  decideReminder,
  GRACE_DAYS,
} from "../../functions/finance/dunning/decide-reminder.ts";
import type { ReadCharge, Slot } from "../../functions/finance/dunning/read-dunning.ts";
import { simulateReminders } from "../../functions/finance/dunning/simulate-reminders.ts";
import { SCHEDULES } from "../../functions/scheduler/schedules.ts";
import { CHARGE_STATUSES } from "../../shared/db/schema/money.ts";
import { ALWAYS_OPEN } from "./support/open-dunning.ts";
import { hourlySlots } from "./support/wall-clock.ts";

const OPEN: DunnedCharge = {
  status: "pending",
  dueDate: "2030-03-13",
  isWrittenOff: false,
  isOptedOut: false,
  hasAccess: true,
  sent: [],
};
/** From nine to eight; 13 March 2030 is a Wednesday. */
const BY_DAY: DunningPolicy = { ...ALWAYS_OPEN, quietFrom: "20:00", quietUntil: "09:00" };
const WEEKDAYS: DunningPolicy = { ...BY_DAY, skipsWeekends: true };
const DAY_MS = 86_400_000;

function decide(local: string, charge: Partial<DunnedCharge> = {}, policy = BY_DAY) {
  return decideReminder({ policy, charge: { ...OPEN, ...charge }, local });
}

function day(date: string, offset: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + offset * DAY_MS).toISOString().slice(0, 10);
}

function sent(...steps: [step: number, date: string][]): Pick<DunnedCharge, "sent"> {
  return { sent: steps.map(([step, date]) => ({ step, date })) };
}

describe("a step", () => {
  test.each([
    ["2030-03-09T12:00", { kind: "wait", reason: "not_due", until: "2030-03-10T00:00" }],
    ["2030-03-10T12:00", { kind: "send", step: -3, why: "on_its_day" }],
    ["2030-03-12T12:00", { kind: "send", step: -3, why: "after_its_day" }],
    ["2030-03-13T12:00", { kind: "send", step: 0, why: "on_its_day" }],
    ["2030-03-14T12:00", { kind: "send", step: 1, why: "on_its_day" }],
    ["2030-03-15T12:00", { kind: "send", step: 1, why: "after_its_day" }],
    ["2030-03-20T12:00", { kind: "send", step: 7, why: "on_its_day" }],
    ["2030-03-23T12:00", { kind: "send", step: 7, why: "after_its_day" }],
    ["2030-03-24T12:00", { kind: "skip", reason: "no_step_left" }],
  ])("of a charge that nobody was reminded of yet: at %s the policy says %o", (local, decision) => {
    expect(decide(local)).toEqual(decision);
  });

  test.each([
    ["sent today, waits for the next one", "2030-03-13T15:00", sent([0, "2030-03-13"]), "already_sent", "2030-03-14T00:00"],
    ["sent earlier, waits for the next one", "2030-03-15T09:00", sent([1, "2030-03-14"]), "already_sent", "2030-03-16T00:00"],
    [
      "that comes on a day of another one waits for the next day",
      "2030-03-13T09:00",
      sent([-3, "2030-03-13"]),
      "sent_today",
      "2030-03-14T00:00",
    ],
  ])("%s", (_name, local, charge, reason, until) => {
    expect(decide(local, charge)).toEqual({ kind: "wait", reason, until });
  });

  test("that is the last one and was sent ends the ladder", () => {
    expect(decide("2030-03-20T15:00", sent([7, "2030-03-20"]))).toEqual({ kind: "skip", reason: "no_step_left" });
  });

  test("before the due date is not sent after it, however little time has passed", () => {
    const policy = { ...BY_DAY, steps: [-1, 10] };
    expect(decide("2030-03-13T12:00", {}, policy)).toEqual({ kind: "send", step: -1, why: "after_its_day" });
    const late = { kind: "wait", reason: "step_passed", until: "2030-03-23T00:00" };
    expect(decide("2030-03-14T12:00", {}, policy)).toEqual(late);
  });

  test("older than the grace is not sent: a charge that is made late, or an outage", () => {
    const policy = { ...BY_DAY, steps: [0, 30] };
    expect(decide(`${day(OPEN.dueDate, GRACE_DAYS)}T12:00`, {}, policy)).toMatchObject({ kind: "send", step: 0 });
    const late = { kind: "wait", reason: "step_passed", until: "2030-04-12T00:00" };
    expect(decide(`${day(OPEN.dueDate, GRACE_DAYS + 1)}T12:00`, {}, policy)).toEqual(late);
  });

  test("counts from the new due date when that changes, and one that was sent stays sent", () => {
    const moved = { dueDate: "2030-04-13", ...sent([-3, "2030-03-10"], [0, "2030-03-13"]) };
    expect(decide("2030-03-14T12:00", moved)).toEqual({ kind: "wait", reason: "not_due", until: "2030-04-10T00:00" });
    expect(decide("2030-04-10T12:00", moved)).toEqual({ kind: "wait", reason: "already_sent", until: "2030-04-13T00:00" });
    expect(decide("2030-04-13T12:00", moved)).toEqual({ kind: "wait", reason: "already_sent", until: "2030-04-14T00:00" });
    expect(decide("2030-04-14T12:00", moved)).toEqual({ kind: "send", step: 1, why: "on_its_day" });
  });
});

describe("quiet hours", () => {
  const overMidnight = { quietFrom: "20:00", quietUntil: "09:00" };
  const atNoon = { quietFrom: "12:00", quietUntil: "14:00" };
  test.each([
    [overMidnight, "2030-03-13T08:59", "2030-03-13T09:00"],
    [overMidnight, "2030-03-13T09:00", undefined],
    [overMidnight, "2030-03-13T19:59", undefined],
    [overMidnight, "2030-03-13T20:00", "2030-03-14T09:00"],
    [overMidnight, "2030-03-13T23:59", "2030-03-14T09:00"],
    [overMidnight, "2030-03-13T00:00", "2030-03-13T09:00"],
    [atNoon, "2030-03-13T11:59", undefined],
    [atNoon, "2030-03-13T12:00", "2030-03-13T14:00"],
    [atNoon, "2030-03-13T14:00", undefined],
    [{ quietFrom: "07:00", quietUntil: "07:00" }, "2030-03-13T07:00", undefined],
    [{ quietFrom: "00:00", quietUntil: "09:00" }, "2030-03-13T00:00", "2030-03-13T09:00"],
    [{ quietFrom: "20:00", quietUntil: "00:00" }, "2030-03-13T23:00", "2030-03-14T00:00"],
  ])("%o at %s keep a reminder until %s", (hours, local, until) => {
    const expected = until === undefined ? { kind: "send", step: 0 } : { kind: "wait", reason: "quiet_hours", until };
    expect(decide(local, {}, { ...BY_DAY, ...hours })).toMatchObject(expected);
  });
});

describe("a weekend that is kept free", () => {
  const dueOnSaturday = { dueDate: "2030-03-16" };
  test.each([
    ["2030-03-15T21:00", { kind: "wait", reason: "quiet_hours", until: "2030-03-16T09:00" }],
    ["2030-03-16T12:00", { kind: "wait", reason: "weekend", until: "2030-03-18T00:00" }],
    ["2030-03-17T12:00", { kind: "wait", reason: "weekend", until: "2030-03-18T00:00" }],
    ["2030-03-18T00:00", { kind: "wait", reason: "quiet_hours", until: "2030-03-18T09:00" }],
  ])("at %s waits: %o", (local, decision) => {
    expect(decide(local, dueOnSaturday, { ...WEEKDAYS, steps: [-1, 0] })).toEqual(decision);
  });

  test("is followed by the latest of the steps that fell into it, and by no other", () => {
    expect(decide("2030-03-18T09:00", dueOnSaturday, WEEKDAYS)).toEqual({ kind: "send", step: 1, why: "after_its_day" });
    const after = { ...dueOnSaturday, ...sent([1, "2030-03-18"]) };
    expect(decide("2030-03-18T10:00", after, WEEKDAYS)).toEqual({
      kind: "wait",
      reason: "already_sent",
      until: "2030-03-19T00:00",
    });
  });
});

describe("nobody is reminded of", () => {
  const REASONS = {
    draft: "not_billed",
    pending: null,
    overdue: null,
    confirmed: "paid",
    received: "paid",
    disputed: "disputed",
    refunding: "refunded",
    refunded: "refunded",
    cancelled: "cancelled",
  };
  test.each(CHARGE_STATUSES.map((status) => [status, REASONS[status]] as const))("a charge that is %s: %s", (status, reason) => {
    const decision = decide("2030-03-13T12:00", { status });
    expect(decision).toEqual(reason === null ? { kind: "send", step: 0, why: "on_its_day" } : { kind: "skip", reason });
  });

  test("a charge while the policy is off, given up, or when its student opted out or has no access any more", () => {
    expect(decide("2030-03-13T12:00", {}, { ...BY_DAY, isEnabled: false })).toEqual({ kind: "skip", reason: "policy_disabled" });
    expect(decide("2030-03-13T12:00", { isWrittenOff: true })).toEqual({ kind: "skip", reason: "written_off" });
    expect(decide("2030-03-13T12:00", { isOptedOut: true })).toEqual({ kind: "skip", reason: "opted_out" });
    expect(decide("2030-03-13T12:00", { hasAccess: false })).toEqual({ kind: "skip", reason: "student_inactive" });
  });

  test("a charge that was paid, until the receipt is undone: then its ladder goes on where it is", () => {
    const charge = sent([0, "2030-03-13"]);
    expect(decide("2030-03-14T12:00", { ...charge, status: "received" })).toEqual({ kind: "skip", reason: "paid" });
    expect(decide("2030-03-16T12:00", { ...charge, status: "overdue" })).toEqual({ kind: "send", step: 3, why: "on_its_day" });
  });
});

const DAYS = 14;
const FROM = "2030-03-04T05:00:00Z";
/** In New York summer time begins on 10 March 2030, in Lord Howe it ends by half an hour on 7 April. */
const CLOCKS = [
  { timezone: "America/New_York", from: FROM },
  { timezone: "America/New_York", from: "2030-10-28T04:00:00Z" },
  { timezone: "America/Sao_Paulo", from: FROM },
  { timezone: "Asia/Kolkata", from: FROM },
  { timezone: "Australia/Lord_Howe", from: "2030-03-31T13:00:00Z" },
].map((clock) => ({ ...clock, slots: hourlySlots({ ...clock, days: DAYS }) }));

const clocks = fc.constantFrom(...CLOCKS);
const times = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom("00", "30"))
  .map(([hour, minute]) => `${String(hour).padStart(2, "0")}:${minute}`);
const policies: fc.Arbitrary<DunningPolicy> = fc.record({
  isEnabled: fc.constant(true),
  steps: fc
    .uniqueArray(fc.integer({ min: -8, max: 12 }), { minLength: 1, maxLength: 6 })
    .map((steps) => steps.toSorted((one, other) => one - other)),
  quietFrom: times,
  quietUntil: times,
  skipsWeekends: fc.boolean(),
});

function charges(clock: (typeof CLOCKS)[number]): fc.Arbitrary<ReadCharge> {
  const [first] = clock.slots;
  const today = first?.local.slice(0, 10) ?? "";
  return fc.record({
    id: fc.uuid(),
    studentId: fc.uuid(),
    studentName: fc.constant("Ana"),
    amountCents: fc.integer({ min: 1, max: 1_000_000 }),
    currency: fc.constant("BRL"),
    status: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom("pending" as const, "overdue" as const) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(...CHARGE_STATUSES),
      },
    ),
    dueDate: fc.integer({ min: -18, max: 24 }).map((offset) => day(today, offset)),
    isWrittenOff: fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0),
    isOptedOut: fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0),
    hasAccess: fc.integer({ min: 0, max: 9 }).map((chance) => chance > 0),
    sent: fc
      .uniqueArray(fc.record({ step: fc.integer({ min: -8, max: 12 }), before: fc.integer({ min: 0, max: 20 }) }), {
        maxLength: 3,
        selector: ({ step }) => step,
      })
      .map((reminders) => reminders.map(({ step, before }) => ({ step, date: day(today, -before) }))),
  });
}

const scenes = clocks.chain((clock) => fc.record({ clock: fc.constant(clock), policy: policies, charge: charges(clock) }));

/** Asks the policy at every single slot. */
function walkAll({ policy, charge, slots }: { policy: DunningPolicy; charge: ReadCharge; slots: readonly Slot[] }) {
  const reminders: { step: number; at: string; local: string }[] = [];
  for (const { at, local } of slots) {
    const before = [...charge.sent, ...reminders.map((each) => ({ step: each.step, date: each.local.slice(0, 10) }))];
    const decision = decideReminder({ policy, charge: { ...charge, sent: before }, local });
    if (decision.kind === "send") reminders.push({ step: decision.step, at: at.toISOString(), local });
  }
  return reminders;
}

/** Written in another way than the policy has it: minute by minute from the end of the quiet hours. */
function isOpen({ quietFrom, quietUntil, skipsWeekends }: DunningPolicy, local: string): boolean {
  const minute = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
  const since = (start: string, time: string) => (minute(time) - minute(start) + 1_440) % 1_440;
  const isQuiet = quietFrom !== quietUntil && since(quietFrom, local.slice(11)) < since(quietFrom, quietUntil);
  const name = new Date(`${local}:00Z`).toLocaleDateString("en", { weekday: "long", timeZone: "UTC" });
  return !isQuiet && !(skipsWeekends && name.startsWith("S"));
}

describe("whatever the policy, the charge and the clock", () => {
  test("no charge is reminded of twice on one local day, in quiet hours, on a free weekend, after it was closed, or of one step twice", () => {
    fc.assert(
      fc.property(scenes, ({ clock: { slots }, policy, charge }) => {
        const reminders = walkAll({ policy, charge, slots });
        const dates = [...charge.sent.map(({ date }) => date), ...reminders.map(({ local }) => local.slice(0, 10))];
        const newDates = reminders.map(({ local }) => local.slice(0, 10));
        expect(newDates.filter((date) => dates.filter((each) => each === date).length > 1)).toEqual([]);
        const steps = [...charge.sent, ...reminders].map(({ step }) => step);
        expect(new Set(steps).size).toBe(steps.length);
        expect(reminders.filter(({ local }) => !isOpen(policy, local))).toEqual([]);
        const isClosed =
          !["pending", "overdue"].includes(charge.status) || charge.isWrittenOff || charge.isOptedOut || !charge.hasAccess;
        expect(isClosed ? reminders : []).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  test("each step of a fresh charge is sent at the first slot that is allowed, unless a later one is due by then or it is too old", () => {
    fc.assert(
      fc.property(scenes, ({ clock: { slots }, policy, charge: any }) => {
        const charge = { ...any, status: "pending" as const, isWrittenOff: false, isOptedOut: false, hasAccess: true, sent: [] };
        const expected = policy.steps.flatMap((step, index) => {
          const next = policy.steps[index + 1];
          const ends = [
            day(charge.dueDate, step + GRACE_DAYS),
            step < 0 ? charge.dueDate : "9999",
            next === undefined ? "9999" : day(charge.dueDate, next - 1),
          ];
          const isItsTime = (date: string) => date >= day(charge.dueDate, step) && ends.every((end) => date <= end);
          const slot = slots.find(({ local }) => isItsTime(local.slice(0, 10)) && isOpen(policy, local));
          return slot === undefined ? [] : [{ step, at: slot.at.toISOString(), local: slot.local }];
        });
        expect(walkAll({ policy, charge, slots })).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  test("the simulation, which asks only when the policy could change its mind, finds what asking at every slot finds", () => {
    fc.assert(
      fc.property(scenes, ({ clock: { slots }, policy, charge }) => {
        const { reminders } = simulateReminders({ policy, charges: [charge], slots });
        expect(reminders.map(({ step, at, local }) => ({ step, at, local }))).toEqual(walkAll({ policy, charge, slots }));
      }),
      { numRuns: 400 },
    );
  });

  test("each step whose day is among the simulated days is sent or skipped for a reason, and none is both", () => {
    fc.assert(
      fc.property(scenes, ({ clock: { slots }, policy, charge }) => {
        const { reminders, skipped } = simulateReminders({ policy, charges: [charge], slots });
        const [first, last] = [slots[0], slots.at(-1)].map((slot) => slot?.local.slice(0, 10) ?? "");
        const ofTheseDays = policy.steps.filter(
          (step) => day(charge.dueDate, step) >= (first ?? "") && day(charge.dueDate, step) <= (last ?? ""),
        );
        const told = [...reminders, ...skipped].map(({ step }) => step);
        expect(new Set(told).size).toBe(told.length);
        expect(ofTheseDays.filter((step) => !told.includes(step))).toEqual([]);
        expect(skipped.filter(({ step }) => !ofTheseDays.includes(step))).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});

test("a step that is skipped says why", () => {
  const slots = hourlySlots({ from: "2030-03-11T03:00:00Z", days: 7, timezone: "America/Sao_Paulo" });
  const row = { id: "c", studentId: "s", studentName: "Ana", amountCents: 100, currency: "BRL", ...OPEN };
  const reasons = (policy: DunningPolicy, charge: Partial<ReadCharge>) =>
    simulateReminders({ policy, charges: [{ ...row, ...charge }], slots }).skipped.map(({ step, date, reason }) => [
      step,
      date,
      reason,
    ]);
  expect(reasons(BY_DAY, {})).toEqual([]);
  expect(reasons({ ...BY_DAY, steps: [0, 1] }, { isOptedOut: true })).toEqual([
    [0, "2030-03-13", "opted_out"],
    [1, "2030-03-14", "opted_out"],
  ]);
  expect(reasons(BY_DAY, sent([0, "2030-03-10"]))).toEqual([[0, "2030-03-13", "already_sent"]]);
  expect(reasons({ ...WEEKDAYS, steps: [0, 1] }, { dueDate: "2030-03-15" })).toEqual([[1, "2030-03-16", "postponed"]]);
  expect(reasons({ ...BY_DAY, steps: [-1, 0] }, { dueDate: "2030-03-12", ...sent([9, "2030-03-11"]) })).toEqual([
    [-1, "2030-03-11", "superseded"],
  ]);
  expect(reasons({ ...BY_DAY, steps: [-1] }, { dueDate: "2030-03-12", ...sent([9, "2030-03-12"]) })).toEqual([
    [-1, "2030-03-11", "step_passed"],
  ]);
});

test("slots come every hour, as the simulation has them", () => {
  expect(SCHEDULES.find(({ job }) => job === "finance.remind-due-charges")).toMatchObject({
    every: "1 hour",
    scope: "mentorado",
  });
});
