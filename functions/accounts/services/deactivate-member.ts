import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changeMembership } from "../change-membership.ts";
import type { ChangeMembershipStatusInput } from "../schemas.ts";

/** The member has no access from now on; what they did stays theirs. @throws as `changeMembership`. */
export function deactivateMember({ ctx, input }: { ctx: VerbContext; input: ChangeMembershipStatusInput }) {
  return changeMembership({ ctx, input, change: { status: "revoked" }, reason: input.reason });
}
