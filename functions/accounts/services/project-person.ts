import { lt, sql } from "drizzle-orm";
import { users } from "../../../shared/db/schema/tenancy.ts";
import type { ProgrammeJobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { ClerkPerson } from "../clerk-event.ts";

/**
 * Takes over a name, an address and whose account at GitHub it is, unless something newer is known. Nothing else: what a person may do is
 * decided here.
 */
export async function projectPerson({ ctx, person }: { ctx: ProgrammeJobContext; person: ClerkPerson }): Promise<void> {
  const { id: clerkUserId, updated_at: clerkUpdatedAtMs } = person;
  const known = { email: emailOf(person), name: nameOf(person), githubUserId: githubUserOf(person), clerkUpdatedAtMs };
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

/** Only of an account that Clerk has verified: whoever claims another one must not connect its repositories. */
function githubUserOf({ external_accounts }: ClerkPerson): number | null {
  const account = external_accounts?.find(
    ({ provider, verification, provider_user_id }) =>
      provider === "oauth_github" && verification?.status === "verified" && /^[1-9]\d{0,14}$/.test(provider_user_id ?? ""),
  );
  return account === undefined ? null : Number(account.provider_user_id);
}

/** Postgres stores neither NUL nor lone surrogates, which JSON may carry. */
function storable(text = ""): string | null {
  return text.toWellFormed().replaceAll("\u0000", "").trim() || null;
}
