import { sql } from "drizzle-orm";
import { leadForms, leads } from "../../../shared/db/schema/practice.ts";
import type { FormContext } from "../../../shared/trpc/verb-context.ts";
import { fillEmpty } from "../fill-empty.ts";
import type { CaptureLeadInput } from "../schemas.ts";

/**
 * A visitor sends a public form. The form decides the mentorado and the version of the consent text. The answer says nothing
 * about what is known already, and a filled honeypot gets the same answer with nothing stored.
 */
export function captureLead({ ctx, input }: { ctx: FormContext; input: CaptureLeadInput }): Promise<{ ok: true }> {
  const { build } = ctx.db;
  const { phone, website, consent, ...profile } = input;
  const ofForm = sql<string>`guilda.mentorado_id()`;
  const textVersion = sql<string>`(select ${leadForms.consentTextVersion} from ${leadForms}
    where ${leadForms.mentoradoId} = guilda.mentorado_id() and ${leadForms.formKey} = guilda.actor_id())`;
  const statement = build
    .insert(leads)
    .values({
      ...profile,
      mentoradoId: ofForm,
      id: ctx.newId(),
      phone: phone.e164,
      phoneKey: phone.key,
      source: "landing_page",
      consentGranted: consent,
      consentTextVersion: textVersion,
    })
    .onConflictDoUpdate(
      fillEmpty({
        consentGranted: sql`${leads.consentGranted} or excluded.consent_granted`,
        consentTextVersion: sql`case when excluded.consent_granted then excluded.consent_text_version else ${leads.consentTextVersion} end`,
      }),
    );
  return ctx.db.write({ statements: website ? [] : [statement], answer: sql`jsonb_build_object('ok', true)` });
}
