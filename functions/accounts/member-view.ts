import { memberships, users } from "../../shared/db/schema/tenancy.ts";

/** A member of a mentorado as the API shows them; from `memberships` joined with `users`. */
export const memberView = {
  id: memberships.id,
  userId: memberships.userId,
  name: users.name,
  role: memberships.role,
  status: memberships.status,
  version: memberships.version,
};
