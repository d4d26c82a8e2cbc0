import { and, eq } from "drizzle-orm";
import { students } from "../../../shared/db/schema/practice.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { studentView } from "../student-view.ts";

export async function getStudent({ ctx, input }: { ctx: VerbContext; input: { id: string } }) {
  const [[student]] = await ctx.db.read([
    ctx.db.build
      .select(studentView)
      .from(students)
      .where(and(eq(students.mentoradoId, ctx.mentoradoId), eq(students.id, input.id))),
  ]);
  if (student === undefined) throw new NotFoundError(undefined, { errorCode: "STUDENT_NOT_FOUND" });
  return student;
}
