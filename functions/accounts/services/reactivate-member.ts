import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changeMembership } from "../change-membership.ts";
import type { ChangeMembershipStatusInput } from "../schemas.ts";

/** The member is back, with the role they had. @throws as `changeMembership`. */
export function reactivateMember({ ctx, input }: { ctx: VerbContext; input: ChangeMembershipStatusInput }) {
  return changeMembership({ ctx, input, change: { status: "active" }, reason: input.reason });
}
