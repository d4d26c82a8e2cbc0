import { tracked } from "@trpc/server";
import { pageInput } from "../../shared/db/keyset.ts";
import type { KeyringSource } from "../../shared/db/sensitive.ts";
import { formProcedure, mentoradoProcedure, router } from "../../shared/trpc/procedures.ts";
import {
  byId,
  captureLeadInput,
  changeLeadStageInput,
  convertLeadInput,
  createLeadInput,
  listEnrollmentsInput,
  listLeadsInput,
  updateLeadInput,
  watchLeadsInput,
} from "./schemas.ts";
import { captureLead } from "./services/capture-lead.ts";
import { changeLeadStage } from "./services/change-lead-stage.ts";
import { convertLead } from "./services/convert-lead.ts";
import { createLead } from "./services/create-lead.ts";
import { getEnrollment } from "./services/get-enrollment.ts";
import { getLead } from "./services/get-lead.ts";
import { getStudent } from "./services/get-student.ts";
import { listEnrollments } from "./services/list-enrollments.ts";
import { listLeads } from "./services/list-leads.ts";
import { listStudents } from "./services/list-students.ts";
import { updateLead } from "./services/update-lead.ts";
import { watchLeads } from "./services/watch-leads.ts";

/** @param keyring encrypts sensitive columns. */
export function createCrmRouter({ keyring }: { keyring: KeyringSource }) {
  return router({
    leads: {
      list: mentoradoProcedure("leads.read").input(listLeadsInput).query(listLeads),
      getById: mentoradoProcedure("leads.read").input(byId).query(getLead),
      watch: mentoradoProcedure("leads.read")
        .input(watchLeadsInput)
        .subscription(async function* (call) {
          for await (const lead of watchLeads(call)) yield tracked(lead.id, lead);
        }),
      create: mentoradoProcedure("leads.write").input(createLeadInput).mutation(createLead),
      createPublic: formProcedure.input(captureLeadInput).mutation(captureLead),
      update: mentoradoProcedure("leads.write").input(updateLeadInput).mutation(updateLead),
      updateStage: mentoradoProcedure("leads.write").input(changeLeadStageInput).mutation(changeLeadStage),
      convert: mentoradoProcedure("leads.convert")
        .input(convertLeadInput)
        .mutation(async (call) => convertLead({ ...call, keyring: await keyring() })),
    },
    students: {
      list: mentoradoProcedure("students.read").input(pageInput.prefault({})).query(listStudents),
      getById: mentoradoProcedure("students.read").input(byId).query(getStudent),
    },
    enrollments: {
      list: mentoradoProcedure("enrollments.read").input(listEnrollmentsInput).query(listEnrollments),
      getById: mentoradoProcedure("enrollments.read").input(byId).query(getEnrollment),
    },
  });
}
