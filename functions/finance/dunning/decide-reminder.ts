/** Pure: no I/O, no clock. The one place that decides on reminders (`docs/dunning.md`); the job and the simulation both ask it. */
import type { ChargeStatus } from "../../../shared/db/schema/money.ts";
import { addDays } from "../calendar/local-date.ts";

/** How many days after its own day a step may still be sent: as many as pass between a Friday evening and Monday. */
export const GRACE_DAYS = 3;

const WEEKEND: readonly number[] = [0, 6];
/** Why a charge of this status is not reminded of; null when it is open. */
const STOPS: Record<ChargeStatus, StopReason | null> = {
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

/** The statuses of charges that reminders are sent of. */
export const REMINDED_STATUSES = (Object.keys(STOPS) as ChargeStatus[]).filter((status) => STOPS[status] === null);

export interface DunningPolicy {
  isEnabled: boolean;
  /** Days from the due date, ascending: -3 is three days before. */
  steps: readonly number[];
  /** `HH:MM`. Nothing is sent from `quietFrom` until `quietUntil`, which may be on the next day; equal, there are no quiet hours. */
  quietFrom: string;
  quietUntil: string;
  /** Nothing is sent on Saturdays and Sundays. */
  skipsWeekends: boolean;
}

/** What the policy looks at of a charge. */
export interface DunnedCharge {
  status: ChargeStatus;
  /** `YYYY-MM-DD` */
  dueDate: string;
  isWrittenOff: boolean;
  isOptedOut: boolean;
  /** Whether the student still has an account to be reminded in. */
  hasAccess: boolean;
  /** What was sent of it, each with the local date. */
  sent: readonly { step: number; date: string }[];
}

export type StopReason =
  | "policy_disabled"
  | "opted_out"
  | "student_inactive"
  | "not_billed"
  | "paid"
  | "disputed"
  | "refunded"
  | "cancelled"
  | "written_off";
export type PauseReason = "quiet_hours" | "weekend";
/** Where one step of a charge stands. */
export type StepState = "not_due" | "already_sent" | "superseded" | "step_passed" | "due";

export type Decision =
  | { kind: "send"; step: number; why: "on_its_day" | "after_its_day" }
  /** Nothing is sent before `until` (local, `YYYY-MM-DDTHH:MM`), whatever time is asked about. */
  | { kind: "wait"; reason: Exclude<StepState, "due"> | "sent_today" | PauseReason; until: string }
  /** Nothing is sent any more, as long as what was looked at stays as it is. */
  | { kind: "skip"; reason: StopReason | "no_step_left" };

interface Question {
  policy: DunningPolicy;
  charge: DunnedCharge;
  /** `YYYY-MM-DDTHH:MM` by the mentorado's own clock. */
  local: string;
}

/**
 * Whether a reminder of the charge is to be sent at this time. Of the steps whose day has come only the latest one counts, at most
 * `GRACE_DAYS` after its day, one before the due date not after it; each step is sent once, whatever becomes of the due date, and no two
 * on one day. In quiet hours and on weekends it waits.
 */
export function decideReminder({ policy, charge, local }: Question): Decision {
  const stop = stopOf({ policy, charge });
  if (stop !== undefined) return { kind: "skip", reason: stop };
  const today = dateOf(local);
  const step = policy.steps.findLast((each) => dayOf(charge, each) <= today);
  if (step === undefined) return untilNextStep({ policy, charge, today, reason: "not_due" });
  const state = stateOf({ policy, charge, local, step });
  if (state !== "due") return untilNextStep({ policy, charge, today, reason: state });
  const lastDate =
    charge.sent
      .map(({ date }) => date)
      .toSorted()
      .at(-1) ?? "";
  if (lastDate >= today) return { kind: "wait", reason: "sent_today", until: midnight(addDays(lastDate, 1)) };
  const pause = pauseOf({ policy, local });
  if (pause !== undefined) return { kind: "wait", ...pause };
  return { kind: "send", step, why: dayOf(charge, step) === today ? "on_its_day" : "after_its_day" };
}

/** Why nothing at all is sent of the charge. */
export function stopOf({ policy, charge }: Omit<Question, "local">): StopReason | undefined {
  if (!policy.isEnabled) return "policy_disabled";
  const closed = STOPS[charge.status];
  if (closed !== null) return closed;
  if (charge.isWrittenOff) return "written_off";
  if (charge.isOptedOut) return "opted_out";
  return charge.hasAccess ? undefined : "student_inactive";
}

/** Why nothing is sent to anybody at this time, and until when. */
export function pauseOf({ policy, local }: Omit<Question, "charge">): { reason: PauseReason; until: string } | undefined {
  const [today, time] = [dateOf(local), local.slice(11)];
  const weekday = new Date(`${today}T00:00:00Z`).getUTCDay();
  if (policy.skipsWeekends && WEEKEND.includes(weekday)) {
    return { reason: "weekend", until: midnight(addDays(today, weekday === 6 ? 2 : 1)) };
  }
  const { quietFrom, quietUntil } = policy;
  const passesMidnight = quietFrom > quietUntil;
  const [isAfterStart, isBeforeEnd] = [time >= quietFrom, time < quietUntil];
  if (passesMidnight ? !(isAfterStart || isBeforeEnd) : !(isAfterStart && isBeforeEnd)) return undefined;
  return { reason: "quiet_hours", until: `${isBeforeEnd ? today : addDays(today, 1)}T${quietUntil}` };
}

/** Where one step of an open charge stands at this time. */
export function stateOf({ policy, charge, local, step }: Question & { step: number }): StepState {
  const today = dateOf(local);
  const day = dayOf(charge, step);
  if (charge.sent.some((each) => each.step === step)) return "already_sent";
  if (day > today) return "not_due";
  if (policy.steps.some((each) => each > step && dayOf(charge, each) <= today)) return "superseded";
  const hasPassed = today > addDays(day, GRACE_DAYS) || (step < 0 && today > charge.dueDate);
  return hasPassed ? "step_passed" : "due";
}

/** @returns the local date that a step of a charge is for. */
export function dayOf({ dueDate }: Pick<DunnedCharge, "dueDate">, step: number): string {
  return addDays(dueDate, step);
}

export function dateOf(local: string): string {
  return local.slice(0, 10);
}

function untilNextStep({
  policy,
  charge,
  today,
  reason,
}: Omit<Question, "local"> & { today: string; reason: Exclude<StepState, "due"> }): Decision {
  const next = policy.steps.find((each) => dayOf(charge, each) > today);
  if (next === undefined) return { kind: "skip", reason: "no_step_left" };
  return { kind: "wait", reason, until: midnight(dayOf(charge, next)) };
}

function midnight(date: string): string {
  return `${date}T00:00`;
}
