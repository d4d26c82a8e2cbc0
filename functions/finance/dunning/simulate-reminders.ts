import {
  type Decision,
  type DunningPolicy,
  dateOf,
  dayOf,
  decideReminder,
  type StepState,
  type StopReason,
  stateOf,
  stopOf,
} from "./decide-reminder.ts";
import type { ReadCharge, Slot } from "./read-dunning.ts";

interface StepOfCharge {
  chargeId: string;
  studentId: string;
  studentName: string;
  step: number;
  amountCents: number;
  currency: string;
  dueDate: string;
}

export interface SimulatedReminder extends StepOfCharge {
  /** When it would be sent (ISO 8601), and the local date and time of it. */
  at: string;
  local: string;
  why: Extract<Decision, { kind: "send" }>["why"];
}

export interface SkippedStep extends StepOfCharge {
  /** The local date that the step is for. */
  date: string;
  /** `postponed`: it would be sent after the last slot. */
  reason: StopReason | Exclude<StepState, "not_due" | "due"> | "postponed";
}

/**
 * Pure. Walks each charge through the slots, as if nothing were paid or changed, and asks the policy as the job does.
 *
 * @returns what would be sent, in order; and each step whose own day is within the slots' days and that would not be, with the reason.
 */
export function simulateReminders({
  policy,
  charges,
  slots,
}: {
  policy: DunningPolicy;
  charges: readonly ReadCharge[];
  slots: readonly Slot[];
}): { reminders: SimulatedReminder[]; skipped: SkippedStep[] } {
  const reminders: SimulatedReminder[] = [];
  const skipped: SkippedStep[] = [];
  for (const charge of charges) {
    const walked = walk({ policy, charge, slots });
    reminders.push(...walked);
    skipped.push(...skippedSteps({ policy, charge, slots, walked }));
  }
  return {
    reminders: reminders.toSorted((one, other) => compare(one.at + one.chargeId, other.at + other.chargeId)),
    skipped: skipped.toSorted((one, other) => compare(one.date + one.chargeId, other.date + other.chargeId)),
  };
}

interface Walk {
  policy: DunningPolicy;
  charge: ReadCharge;
  slots: readonly Slot[];
}

/** The policy says until when it would say the same, so that most slots need not be asked about. */
function walk({ policy, charge, slots }: Walk): SimulatedReminder[] {
  const reminders: SimulatedReminder[] = [];
  let waitsUntil = "";
  for (const { at, local } of slots) {
    if (local < waitsUntil) continue;
    const decision = decideReminder({ policy, charge: withSent(charge, reminders), local });
    if (decision.kind === "skip") break;
    if (decision.kind === "wait") waitsUntil = decision.until;
    else reminders.push({ at: at.toISOString(), local, why: decision.why, ...stepOf(charge, decision.step) });
  }
  return reminders;
}

function skippedSteps({ policy, charge, slots, walked }: Walk & { walked: SimulatedReminder[] }): SkippedStep[] {
  const [first, last] = [slots[0], slots.at(-1)];
  if (first === undefined || last === undefined) return [];
  const stop = stopOf({ policy, charge });
  return policy.steps.flatMap((step) => {
    const date = dayOf(charge, step);
    if (date < dateOf(first.local) || date > dateOf(last.local) || walked.some((each) => each.step === step)) return [];
    const state = stateOf({ policy, charge, local: last.local, step });
    const reason = stop ?? (state === "due" || state === "not_due" ? "postponed" : state);
    return [{ date, reason, ...stepOf(charge, step) }];
  });
}

function withSent(charge: ReadCharge, reminders: readonly SimulatedReminder[]): ReadCharge {
  return { ...charge, sent: [...charge.sent, ...reminders.map(({ step, local }) => ({ step, date: dateOf(local) }))] };
}

function stepOf({ id, studentId, studentName, amountCents, currency, dueDate }: ReadCharge, step: number): StepOfCharge {
  return { chargeId: id, studentId, studentName, step, amountCents, currency, dueDate };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
