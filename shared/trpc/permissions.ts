import { ROLES, type Role } from "../db/schema/tenancy.ts";

/**
 * Who may do what inside a mentorado.
 * Source: the permission table of the design; a role that is not named has no access.
 */
export const PERMISSIONS = {
  "leads.read": ROLES,
  "leads.write": ["owner", "manager", "sales"],
  "leads.convert": ["owner", "manager"],
  "students.read": ROLES,
  "enrollments.read": ROLES,
  "finance.read": ["owner", "manager"],
  "finance.write": ["owner", "manager"],
  /** What moves money out, and the keys of the provider. */
  "finance.manage": ["owner"],
  "patterns.read": ROLES,
  /** To propose patterns and to show what they look like. */
  "patterns.write": ["owner", "manager", "success"],
  /** To judge them, and to change what is enforced. */
  "patterns.promote": ["owner", "manager"],
  "repos.manage": ["owner", "manager"],
  "team.read": ROLES,
  "team.manage": ["owner"],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof PERMISSIONS;

/** @returns whether a member with this role has the permission. */
export function isAllowed(role: Role, permission: Permission): boolean {
  const roles: readonly Role[] = PERMISSIONS[permission];
  return roles.includes(role);
}
