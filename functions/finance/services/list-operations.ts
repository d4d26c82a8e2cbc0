import { and, desc, eq, inArray, lt, or, sql } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { charges } from "../../../shared/db/schema/money.ts";
import { jobs } from "../../../shared/db/schema/work.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { ListOperationsInput } from "../charges/charge-schemas.ts";
import { isCharge } from "../charges/charge-view.ts";

/** What was asked of the provider about a charge and what came of it, newest first: an operation that is `dead` was not done. */
export async function listOperations({ ctx, input }: { ctx: VerbContext; input: ListOperationsInput }) {
  const { chargeId, limit, cursor } = input;
  const { build } = ctx.db;
  const isIt = isCharge({ mentoradoId: ctx.mentoradoId, id: chargeId });
  const ofCharge = or(
    eq(sql`${jobs.payload} ->> 'chargeId'`, chargeId),
    sql`${jobs.payload} ->> 'installmentId' = (select ${charges.installmentId}::text from ${charges} where ${isIt})`,
  );
  const [[charge], rows] = await ctx.db.read([
    build.select({ id: charges.id }).from(charges).where(isIt),
    build
      .select({
        id: jobs.id,
        name: jobs.name,
        operation: sql<string | null>`${jobs.payload} -> 'operation' ->> 'kind'`,
        amountCents: sql<number | null>`(${jobs.payload} -> 'operation' ->> 'amountCents')::bigint`.mapWith(Number),
        status: jobs.status,
        attempts: jobs.attempts,
        errorCode: jobs.lastError,
        createdAt: jobs.createdAt,
        doneAt: jobs.doneAt,
      })
      .from(jobs)
      .where(
        and(
          eq(jobs.mentoradoId, ctx.mentoradoId),
          inArray(jobs.name, ["finance.create-charge", "finance.operate-charge", "finance.refresh-charge"]),
          ofCharge,
          cursor ? lt(jobs.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(jobs.id))
      .limit(limit + 1),
  ]);
  if (charge === undefined) throw new NotFoundError(undefined, { errorCode: "CHARGE_NOT_FOUND" });
  return toPage(rows, limit);
}
