import { and, asc, eq } from "drizzle-orm";
import { memberships, mentorados, type Role, users } from "../../../shared/db/schema/tenancy.ts";
import { UnauthorizedError } from "../../../shared/errors/app-error.ts";
import { isAllowed, PERMISSIONS, type Permission } from "../../../shared/trpc/permissions.ts";
import type { PersonContext } from "../../../shared/trpc/verb-context.ts";

/** @returns the person, and each mentorado they may enter with what they may do there. */
export async function getMe({ ctx }: { ctx: PersonContext }) {
  const { build } = ctx.db;
  const [[user], entries] = await ctx.db.read([
    build
      .select({ id: users.id, email: users.email, name: users.name, isAdmin: users.isAdmin })
      .from(users)
      .where(eq(users.id, ctx.userId)),
    build
      .select({ mentoradoId: mentorados.id, mentoradoName: mentorados.name, role: memberships.role })
      .from(memberships)
      .innerJoin(mentorados, eq(mentorados.id, memberships.mentoradoId))
      .where(and(eq(memberships.userId, ctx.userId), eq(memberships.status, "active"), eq(mentorados.status, "active")))
      .orderBy(asc(memberships.id)),
  ]);
  if (user === undefined) throw new UnauthorizedError();
  return { user, memberships: entries.map((entry) => ({ ...entry, permissions: permissionsOf(entry.role) })) };
}

function permissionsOf(role: Role): Permission[] {
  return (Object.keys(PERMISSIONS) as Permission[]).filter((permission) => isAllowed(role, permission));
}
