import { sql } from "drizzle-orm";
import { dunningPolicies } from "../../../shared/db/schema/money.ts";
import { mentorados } from "../../../shared/db/schema/tenancy.ts";
import type { DunningPolicy } from "./decide-reminder.ts";

/** Of a mentorado that has not set its own: from nine in the morning until eight in the evening. */
export const DEFAULT_POLICY: DunningPolicy = {
  isEnabled: true,
  steps: [-3, 0, 1, 3, 7],
  quietFrom: "20:00",
  quietUntil: "09:00",
  skipsWeekends: false,
};

/** Over `mentorados` with its `dunning_policies`, if any: without a row its columns are null. */
export const policyView = {
  timezone: mentorados.timezone,
  isEnabled: dunningPolicies.isEnabled,
  steps: dunningPolicies.steps,
  quietFrom: sql<string | null>`left(${dunningPolicies.quietFrom}::text, 5)`,
  quietUntil: sql<string | null>`left(${dunningPolicies.quietUntil}::text, 5)`,
  skipsWeekends: dunningPolicies.skipsWeekends,
  version: dunningPolicies.version,
  updatedAt: dunningPolicies.updatedAt,
};

type PolicyRow = {
  [Name in keyof Omit<DunningPolicy, "steps">]: DunningPolicy[Name] | null;
} & { timezone: string; steps: number[] | null; version: number | null; updatedAt: string | null };

/** The policy as the API shows it; `version` 0 and no `updatedAt` are those of the defaults. */
export interface ShownPolicy extends DunningPolicy {
  version: number;
  updatedAt: string | null;
  /** Whose days and hours they are. */
  timezone: string;
}

export function toPolicy({
  timezone,
  isEnabled,
  steps,
  quietFrom,
  quietUntil,
  skipsWeekends,
  version,
  updatedAt,
}: PolicyRow): ShownPolicy {
  return {
    isEnabled: isEnabled ?? DEFAULT_POLICY.isEnabled,
    steps: steps ?? DEFAULT_POLICY.steps,
    quietFrom: quietFrom ?? DEFAULT_POLICY.quietFrom,
    quietUntil: quietUntil ?? DEFAULT_POLICY.quietUntil,
    skipsWeekends: skipsWeekends ?? DEFAULT_POLICY.skipsWeekends,
    version: version ?? 0,
    updatedAt,
    timezone,
  };
}
