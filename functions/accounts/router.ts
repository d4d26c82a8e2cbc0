import { adminProcedure, mentoradoProcedure, protectedProcedure, router } from "../../shared/trpc/procedures.ts";
import {
  changeMembershipStatusInput,
  listDirectoryInput,
  listMembersInput,
  setActiveInput,
  updateProfileInput,
  updateRoleInput,
} from "./schemas.ts";
import { deactivateMember } from "./services/deactivate-member.ts";
import { getMe } from "./services/get-me.ts";
import { listDirectory } from "./services/list-directory.ts";
import { listMembers } from "./services/list-members.ts";
import { reactivateMember } from "./services/reactivate-member.ts";
import { setActive } from "./services/set-active.ts";
import { updateProfile } from "./services/update-profile.ts";
import { updateRole } from "./services/update-role.ts";

export const accountsRouter = router({
  users: {
    me: protectedProcedure.query(getMe),
    updateProfile: protectedProcedure.input(updateProfileInput).mutation(updateProfile),
    list: mentoradoProcedure("team.read").input(listMembersInput).query(listMembers),
    updateRole: mentoradoProcedure("team.manage").input(updateRoleInput).mutation(updateRole),
    deactivate: mentoradoProcedure("team.manage").input(changeMembershipStatusInput).mutation(deactivateMember),
    reactivate: mentoradoProcedure("team.manage").input(changeMembershipStatusInput).mutation(reactivateMember),
    directory: adminProcedure.input(listDirectoryInput).query(listDirectory),
    setActive: adminProcedure.input(setActiveInput).mutation(setActive),
  },
});
