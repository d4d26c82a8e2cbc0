import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changeMembership } from "../change-membership.ts";
import type { UpdateRoleInput } from "../schemas.ts";

/** Nobody changes their own role, and the last owner stays one. @throws as `changeMembership`. */
export function updateRole({ ctx, input }: { ctx: VerbContext; input: UpdateRoleInput }) {
  return changeMembership({ ctx, input, change: { role: input.role } });
}
