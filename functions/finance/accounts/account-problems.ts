import { isKeyWrong } from "./account-test.ts";

/** From here on someone has to look: ten more failures in a row, hours away, and the provider stops sending. */
export const FAILURES_TO_ALARM = 5;
const QUIET_MS = 86_400_000;

/** What someone should look at, the worst first. */
export const ACCOUNT_PROBLEMS = [
  "no_account",
  "key_refused",
  "webhook_missing",
  "webhook_interrupted",
  "webhook_failing",
  "no_events_for_24h_while_charges_open",
  "events_dead",
  "due_charges_without_account",
] as const;
export type AccountProblem = (typeof ACCOUNT_PROBLEMS)[number];

export interface AccountFacts {
  isActive: boolean;
  testResult: string | null;
  isWebhookRegistered: boolean;
  isInterrupted: boolean;
  /** In a row, as Asaas counted them. */
  failures: number;
  lastEventAt: string | null;
  deadEvents: number;
  /** Whether a charge has been open at the provider for a day. */
  hasOldOpenCharge: boolean;
  /** Whether a charge that is not paid has come due. */
  hasDueCharge: boolean;
}

/** Pure. An account that is not active has no webhook to speak of. */
export function findAccountProblems({ facts, now }: { facts: AccountFacts; now: Date }): AccountProblem[] {
  const { isActive } = facts;
  const isQuiet = facts.lastEventAt === null || now.getTime() - Date.parse(facts.lastEventAt) >= QUIET_MS;
  const found: Record<AccountProblem, boolean> = {
    no_account: !isActive,
    key_refused: isActive && isKeyWrong(facts.testResult),
    webhook_missing: isActive && !facts.isWebhookRegistered,
    webhook_interrupted: isActive && facts.isInterrupted,
    webhook_failing: isActive && !facts.isInterrupted && facts.failures >= FAILURES_TO_ALARM,
    no_events_for_24h_while_charges_open: isActive && isQuiet && facts.hasOldOpenCharge,
    events_dead: facts.deadEvents > 0,
    due_charges_without_account: !isActive && facts.hasDueCharge,
  };
  return ACCOUNT_PROBLEMS.filter((problem) => found[problem]);
}
