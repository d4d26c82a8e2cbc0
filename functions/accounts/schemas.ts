import * as z from "zod";
import { pageInput } from "../../shared/db/keyset.ts";
import { ROLES } from "../../shared/db/schema/tenancy.ts";
import { text } from "../../shared/trpc/text.ts";

export const updateProfileInput = z.object({ name: text({ min: 2, max: 100 }) });
export type UpdateProfileInput = z.output<typeof updateProfileInput>;

export const listMembersInput = pageInput.prefault({});
export type ListMembersInput = z.output<typeof listMembersInput>;

const oneMembership = { membershipId: z.uuid(), version: z.int().min(1) };

export const updateRoleInput = z.object({ ...oneMembership, role: z.enum(ROLES) });
export type UpdateRoleInput = z.output<typeof updateRoleInput>;

/** The reason is kept in the audit log. */
export const changeMembershipStatusInput = z.object({ ...oneMembership, reason: text({ min: 3, max: 500 }) });
export type ChangeMembershipStatusInput = z.output<typeof changeMembershipStatusInput>;

export const listDirectoryInput = pageInput;
export type ListDirectoryInput = z.output<typeof listDirectoryInput>;

export const setActiveInput = z.object({ userId: z.uuid(), isActive: z.boolean() });
export type SetActiveInput = z.output<typeof setActiveInput>;
