import { and, desc, eq, lt } from "drizzle-orm";
import { toPage } from "../../../shared/db/keyset.ts";
import { enrollments } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { enrollmentView } from "../enrollment-view.ts";
import type { ListEnrollmentsInput } from "../schemas.ts";

/** Newest first. */
export async function listEnrollments({ ctx, input }: { ctx: VerbContext; input: ListEnrollmentsInput }) {
  const { limit, cursor, studentId } = input;
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select(enrollmentView)
      .from(enrollments)
      .where(
        and(
          eq(enrollments.mentoradoId, ctx.mentoradoId),
          studentId ? eq(enrollments.studentId, studentId) : undefined,
          cursor ? lt(enrollments.id, cursor) : undefined,
        ),
      )
      .orderBy(desc(enrollments.id))
      .limit(limit + 1),
  ]);
  return toPage(rows, limit);
}
