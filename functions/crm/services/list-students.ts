import { and, desc, eq, lt } from "drizzle-orm";
import type * as z from "zod";
import { type pageInput, toPage } from "../../../shared/db/keyset.ts";
import { students } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { studentView } from "../student-view.ts";

/** Newest first. */
export async function listStudents({ ctx, input }: { ctx: VerbContext; input: z.output<typeof pageInput> }) {
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select(studentView)
      .from(students)
      .where(and(eq(students.mentoradoId, ctx.mentoradoId), input.cursor ? lt(students.id, input.cursor) : undefined))
      .orderBy(desc(students.id))
      .limit(input.limit + 1),
  ]);
  return toPage(rows, input.limit);
}
