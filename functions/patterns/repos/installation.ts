import { and, eq, inArray, isNull, type SQL } from "drizzle-orm";
import { githubInstallations } from "../../../shared/db/schema/craft.ts";
import { users } from "../../../shared/db/schema/tenancy.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";

/** The installations of the GitHub App that this member made themselves, by the GitHub account that Clerk has verified. */
export function ownInstallations({ db, actor }: Pick<VerbContext, "db" | "actor">): SQL | undefined {
  const userId = actor.kind === "member" ? actor.userId : null;
  const account = db.build
    .select({ id: users.githubUserId })
    .from(users)
    .where(eq(users.id, userId ?? ""));
  return and(inArray(githubInstallations.installedBy, account), isNull(githubInstallations.deletedAt));
}
