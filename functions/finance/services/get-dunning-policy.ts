import { eq } from "drizzle-orm";
import { dunningPolicies } from "../../../shared/db/schema/money.ts";
import { mentorados } from "../../../shared/db/schema/tenancy.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { policyView, type ShownPolicy, toPolicy } from "../dunning/dunning-policy.ts";

/** How the mentorado reminds of charges; the defaults, with version 0, when it has not said. */
export async function getDunningPolicy({ ctx }: { ctx: VerbContext }): Promise<ShownPolicy> {
  const [[row]] = await ctx.db.read([
    ctx.db.build
      .select(policyView)
      .from(mentorados)
      .leftJoin(dunningPolicies, eq(dunningPolicies.mentoradoId, mentorados.id))
      .where(eq(mentorados.id, ctx.mentoradoId)),
  ]);
  if (row === undefined) throw new Error("A mentorado that is acted for exists");
  return toPolicy(row);
}
