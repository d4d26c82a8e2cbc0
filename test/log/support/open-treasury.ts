import { furtherInputsOf, inputOf } from "../../isolation/support/members.ts";
import { type Practice, seedPractice } from "../../isolation/support/seed-practice.ts";
import { listProcedures, type Procedure } from "../../rules/procedures.ts";
import type { Platform } from "../../support/platform.ts";

/** What is personal in it: every word that a person could have written about a student. */
export interface Words {
  name: string;
  email: string;
  phone: string;
  message: string;
}

/** A practice in which every procedure of money has something to do, and all that is written about its one student is personal. */
export async function openTreasury({ database }: Pick<Platform, "database">, words: Words): Promise<Practice> {
  const practice = await seedPractice(database);
  const { mentoradoId: m, members, tag } = practice;
  const personal = JSON.stringify({ description: words.message, customer: words.name, email: words.email, phone: words.phone });
  const set = (table: string, what: string, ...values: string[]) =>
    database.query(
      `with act as (select set_config('app.actor_type', 'system', true)) update ${table} set ${what} from act where mentorado_id = '${m}'`,
      values,
    );
  await set("students", "name = $1, email = $2, phone = $3", words.name, words.email, words.phone);
  await set(
    "charges",
    "description = $1, invoice_url = $2",
    words.message,
    `https://example.com/${encodeURIComponent(words.name)}`,
  );
  await set("charges", "pix_payload = $1", `00020126${words.name}${tag}`);
  await set("subscriptions", "description = $1", words.message);
  await set("sync_conflicts", "remote = $1::jsonb, local = $1::jsonb", personal);
  await set("webhook_events", "raw = convert_to($1, 'UTF8')", personal);
  await set("pull_requests", "title = $1, author_login = $2", words.message, words.name);
  await set("violations", "path = $1, value = $1", words.message);
  await set("violation_dismissals", "reason = $1", words.message);
  await set("waivers", "reason = $1, glob = $1", words.message);
  await set("patterns", "name = $1, description = $2, rationale = $2, rejection_reason = $2", words.name, words.message);
  await database.query(
    `update users set name = $1, email = $2 from set_config('app.actor_type', 'system', true) where id = '${members.owner.userId}'`,
    [words.name, `${tag}.${words.email}`],
  );
  return practice;
}

/** Every procedure of money. */
export const MONEY: readonly Procedure[] = listProcedures().filter(({ group }) => group === "finance");
/** Every procedure of repositories and patterns. */
export const CRAFT: readonly Procedure[] = listProcedures().filter(({ group }) => group === "patterns");

/** Inputs that the owner of the practice is answered, with personal words wherever there is a place for some. */
export function personalInputs(procedure: Procedure, practice: Practice, words: Words & { apiKey: string }): unknown[] {
  const description = `${words.message} ${words.name}`;
  const rationale = description;
  const more: Record<string, Record<string, unknown>> = {
    "financial.account.save": { apiKey: words.apiKey },
    "financial.charges.create": { description },
    "financial.subscriptions.create": { description },
    "financial.events.list": { eventType: words.name, paymentId: words.email },
    "patterns.create": { name: words.name, description, category: words.name, scope: words.email },
    "patterns.update": { name: words.name, description },
    "patterns.updateStatus": { rationale },
    "patterns.promote": { rationale },
    "patterns.reject": { reason: rationale },
    "patterns.defer": { rationale },
    "patterns.reopen": { rationale },
    "patterns.deprecate": { rationale },
    "patterns.merge": { rationale },
    "patterns.dismissViolation": { reason: rationale },
    "patterns.waive": { reason: rationale, glob: `${words.email}/**` },
  };
  return [inputOf(procedure, practice), ...furtherInputsOf(procedure, practice)].map((input) =>
    procedure.path in more ? { ...(input as object), ...more[procedure.path] } : input,
  );
}
