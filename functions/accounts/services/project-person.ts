import { lt, sql } from "drizzle-orm";
import { users } from "../../../shared/db/schema/tenancy.ts";
import type { ProgrammeJobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { ClerkPerson } from "../clerk-event.ts";

/** Takes over a name and an address, unless something newer is known. Nothing else: what a person may do is decided here. */
export async function projectPerson({ ctx, person }: { ctx: ProgrammeJobContext; person: ClerkPerson }): Promise<void> {
  const { id: clerkUserId, updated_at: clerkUpdatedAtMs } = person;
  const known = { email: emailOf(person), name: nameOf(person), clerkUpdatedAtMs };
  await ctx.db.write({
    statements: [
      ctx.db.build
        .insert(users)
        .values({ id: ctx.newId(), clerkUserId, ...known })
        .onConflictDoUpdate({ target: users.clerkUserId, set: known, setWhere: lt(users.clerkUpdatedAtMs, clerkUpdatedAtMs) }),
    ],
    answer: sql`null`,
  });
}

function emailOf({ primary_email_address_id, email_addresses }: ClerkPerson): string | null {
  return storable(email_addresses?.find(({ id }) => id === primary_email_address_id)?.email_address);
}

function nameOf({ first_name, last_name }: ClerkPerson): string | null {
  return storable([first_name, last_name].filter((part) => part).join(" "));
}

/** Postgres stores neither NUL nor lone surrogates, which JSON may carry. */
function storable(text = ""): string | null {
  return text.toWellFormed().replaceAll("\u0000", "").trim() || null;
}
