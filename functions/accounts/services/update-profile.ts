import { eq, sql } from "drizzle-orm";
import { jsonRow } from "../../../shared/db/json-view.ts";
import { users } from "../../../shared/db/schema/tenancy.ts";
import type { PersonContext } from "../../../shared/trpc/verb-context.ts";
import type { UpdateProfileInput } from "../schemas.ts";

/** Holds until the person changes their name at Clerk. */
export function updateProfile({ ctx, input }: { ctx: PersonContext; input: UpdateProfileInput }) {
  const isIt = eq(users.id, ctx.userId);
  return ctx.db.write({
    statements: [ctx.db.build.update(users).set({ name: input.name }).where(isIt)],
    answer: sql`(select ${jsonRow({ id: users.id, email: users.email, name: users.name })} from ${users} where ${isIt})`,
  });
}
