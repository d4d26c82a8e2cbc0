import type { TRPCClient } from "@trpc/client";
import { v7 as uuidv7 } from "uuid";
import { createCrmRouter } from "../../../functions/crm/router.ts";
import type { Role } from "../../../shared/db/schema/tenancy.ts";
import { createKeyring } from "../../../shared/db/sensitive.ts";
import type { Kernel } from "../../../shared/kernel.ts";
import { insertRow } from "../../db/support/insert-row.ts";
import type { Member, Platform } from "../../support/platform.ts";

export type CrmRouter = ReturnType<typeof createCrmRouter>;
export type CrmClient = TRPCClient<CrmRouter>;

export interface Practice {
  mentoradoId: string;
  offeringId: string;
  formKey: string;
  router: CrmRouter;
  kernel: Kernel;
  /** A new member with this role, and what they call the group with. */
  join(role: Role): Promise<{ member: Member; crm: CrmClient }>;
  /** What the edge makes of a visitor of this practice's form, or of another one. */
  visit(formKey?: string): CrmClient;
}

/** A mentorado of its own, with an offering and a public form. */
export async function openPractice(platform: Platform, options: { timezone?: string } = {}): Promise<Practice> {
  const { id: mentoradoId } = await platform.createMentorado(options);
  const offeringId = uuidv7();
  const formKey = `form-${uuidv7()}`;
  await insertRow(platform.database, "offerings", { mentorado_id: mentoradoId, id: offeringId, name: "Course", price_cents: 1 });
  await insertRow(platform.database, "lead_forms", {
    mentorado_id: mentoradoId,
    id: uuidv7(),
    form_key: formKey,
    name: "Site",
    consent_text_version: "2026-11",
  });
  const router = createCrmRouter({ keyring: createKeyring(platform.env.ENCRYPTION_KEY ?? "") });
  const kernel = platform.kernel("crm");
  return {
    mentoradoId,
    offeringId,
    formKey,
    router,
    kernel,
    async join(role) {
      const member = await platform.createMember({ mentoradoId, role });
      return { member, crm: platform.client({ router, kernel, caller: platform.caller(member) }) };
    },
    visit: (key = formKey) =>
      platform.client({ router, kernel, caller: { requestId: "visit-0001", identity: { kind: "form", formKey: key } } }),
  };
}
