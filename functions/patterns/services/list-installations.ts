import { desc } from "drizzle-orm";
import { githubInstallations } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { ownInstallations } from "../repos/installation.ts";

const MAX_INSTALLATIONS = 100;

/** Where this member has installed the GitHub App: what they may connect repositories through. A suspended one is shown, and connects nothing. */
export async function listInstallations({ ctx }: { ctx: VerbContext }) {
  const [items] = await ctx.db.read([
    ctx.db.build
      .select({
        installationId: githubInstallations.installationId,
        accountLogin: githubInstallations.accountLogin,
        accountType: githubInstallations.accountType,
        suspendedAt: githubInstallations.suspendedAt,
      })
      .from(githubInstallations)
      .where(ownInstallations(ctx))
      .orderBy(desc(githubInstallations.installationId))
      .limit(MAX_INSTALLATIONS),
  ]);
  return { items };
}
