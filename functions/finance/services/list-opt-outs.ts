import { and, desc, eq, lt } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { dunningOptOuts } from "../../../shared/db/schema/money.ts";
import { students } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { ListOptOutsInput } from "../dunning/dunning-schemas.ts";

/** The students who are not reminded; `id` is the student's. */
export async function listOptOuts({ ctx, input: { limit, cursor } }: { ctx: VerbContext; input: ListOptOutsInput }) {
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select({ id: students.id, name: students.name, optedOutAt: dunningOptOuts.updatedAt })
      .from(dunningOptOuts)
      .innerJoin(students, and(eq(students.mentoradoId, dunningOptOuts.mentoradoId), eq(students.id, dunningOptOuts.studentId)))
      .where(
        and(
          eq(dunningOptOuts.mentoradoId, ctx.mentoradoId),
          eq(dunningOptOuts.isOptedOut, true),
          cursor ? lt(students.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(students.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
