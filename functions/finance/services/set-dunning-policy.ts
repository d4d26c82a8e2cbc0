import { eq, sql } from "drizzle-orm";
import { guardStatement } from "../../../shared/db/guard.ts";
import { jsonRow } from "../../../shared/db/json-view.ts";
import { dunningPolicies } from "../../../shared/db/schema/money.ts";
import { mentorados } from "../../../shared/db/schema/tenancy.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { policyView, type ShownPolicy, toPolicy } from "../dunning/dunning-policy.ts";
import type { SetPolicyInput } from "../dunning/dunning-schemas.ts";

/**
 * Sets the whole policy; what was sent stays sent. The statement that writes it compares the version as well, because two owners who both
 * start from the defaults have no row yet that either could lock.
 *
 * @throws ConflictError STALE_VERSION when someone changed it since.
 */
export async function setDunningPolicy({ ctx, input }: { ctx: VerbContext; input: SetPolicyInput }): Promise<ShownPolicy> {
  const { mentoradoId } = ctx;
  const { version, isEnabled, steps, quietFrom, quietUntil, skipsWeekends } = input;
  const isIt = eq(dunningPolicies.mentoradoId, mentoradoId);
  const row = await ctx.db.write({
    statements: [
      ctx.db.build.execute(sql`
        with saved as (
          insert into ${dunningPolicies} (mentorado_id, is_enabled, steps, quiet_from, quiet_until, skips_weekends)
          select ${mentoradoId}, ${isEnabled}, ${`{${steps.join()}}`}::smallint[], ${quietFrom}::time, ${quietUntil}::time, ${skipsWeekends}
           where ${version}::integer = 0 or exists (select 1 from ${dunningPolicies} where ${isIt})
          on conflict (mentorado_id) do update
            set is_enabled = excluded.is_enabled, steps = excluded.steps, quiet_from = excluded.quiet_from,
                quiet_until = excluded.quiet_until, skips_weekends = excluded.skips_weekends,
                version = ${dunningPolicies.version} + 1, updated_at = now()
            where ${dunningPolicies.version} = ${version}
          returning 1)
        ${guardStatement([{ condition: sql`exists (select 1 from saved)`, refuseWith: "CONFLICT", errorCode: "STALE_VERSION" }])}`),
    ],
    answer: sql<Parameters<typeof toPolicy>[0]>`(select ${jsonRow(policyView)} from ${dunningPolicies}
      join ${mentorados} on ${mentorados.id} = ${dunningPolicies.mentoradoId} where ${isIt})`,
  });
  return toPolicy(row);
}
