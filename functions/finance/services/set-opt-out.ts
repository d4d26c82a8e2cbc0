import { and, eq, ne, sql } from "drizzle-orm";
import { jsonRow } from "../../../shared/db/json-view.ts";
import { dunningOptOuts } from "../../../shared/db/schema/money.ts";
import { students } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { SetOptOutInput } from "../dunning/dunning-schemas.ts";

const optOutView = {
  studentId: dunningOptOuts.studentId,
  isOptedOut: dunningOptOuts.isOptedOut,
  updatedAt: dunningOptOuts.updatedAt,
};

/** Whether a student is left alone. Holds from this moment on, also for a run that has already decided to remind them. @throws NotFoundError STUDENT_NOT_FOUND. */
export function setOptOut({ ctx, input: { studentId, isOptedOut } }: { ctx: VerbContext; input: SetOptOutInput }) {
  const { mentoradoId } = ctx;
  const isStudent = and(eq(students.mentoradoId, mentoradoId), eq(students.id, studentId));
  return ctx.db.write({
    guards: [
      {
        condition: sql`exists (select 1 from ${students} where ${isStudent} for update)`,
        refuseWith: "NOT_FOUND",
        errorCode: "STUDENT_NOT_FOUND",
      },
    ],
    statements: [
      ctx.db.build
        .insert(dunningOptOuts)
        .values({ mentoradoId, studentId, isOptedOut })
        .onConflictDoUpdate({
          target: [dunningOptOuts.mentoradoId, dunningOptOuts.studentId],
          set: { isOptedOut, updatedAt: sql`now()` },
          setWhere: ne(dunningOptOuts.isOptedOut, isOptedOut),
        }),
    ],
    answer: sql`(select ${jsonRow(optOutView)} from ${dunningOptOuts}
      where ${and(eq(dunningOptOuts.mentoradoId, mentoradoId), eq(dunningOptOuts.studentId, studentId))})`,
  });
}
