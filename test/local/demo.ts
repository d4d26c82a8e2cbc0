import pg from "pg";
import { v7 as uuidv7 } from "uuid";
import { ASAAS_EVENTS } from "../../functions/finance/outbound/asaas.ts";
import { createKeyring, encrypt } from "../../shared/db/sensitive.ts";
import { asaasTokenDigest } from "../../shared/webhooks/asaas-token-digest.ts";
import type { Stack } from "./stack.ts";

/** The demo practice, the same at every start. */
export const DEMO = {
  formKey: "demo-form-rafaela",
  accountRef: "demo-account",
  apiKey: "$aact_hmlg_guilda_demo_account",
  webhookToken: "guilda-demo-webhook-token-0123456789abcdef",
  owner: { email: "rafaela@guilda.example", firstName: "Rafaela", lastName: "Prado" },
  sales: { email: "tiago@guilda.example", firstName: "Tiago", lastName: "Moura" },
  staff: { email: "staff@guilda.example", firstName: "Marina", lastName: "Alves" },
} as const;

export interface Demo {
  mentoradoId: string;
  offeringId: string;
  ownerClerkId: string;
}

/**
 * Makes the demo practice unless it is there: a mentorado with an owner and a salesperson, one of the programme's staff, a public
 * form, an offering, and an Asaas account whose webhook leads to the edge.
 *
 * Written by SQL as the owner of the schema: making a mentorado has no procedure yet.
 */
export async function ensureDemo({ stack }: { stack: Stack }): Promise<Demo> {
  const client = new pg.Client({ connectionString: stack.variables.DATABASE_URL ?? "" });
  await client.connect();
  try {
    const clerkIds = await ensureClerkUsers(stack);
    const existing = await client.query<{ id: string; offering: string }>(
      "select m.id, o.id as offering from mentorados m join offerings o on o.mentorado_id = m.id where m.slug = 'demo' limit 1",
    );
    const row = existing.rows[0];
    if (row !== undefined) return { mentoradoId: row.id, offeringId: row.offering, ownerClerkId: clerkIds.owner };
    const mentoradoId = uuidv7();
    const offeringId = uuidv7();
    await client.query("begin");
    await client.query("select set_config('app.actor_type', 'system', true), set_config('app.actor_id', 'demo', true)");
    await client.query("insert into mentorados (id, name, slug) values ($1, 'Mentoria Rafaela Prado', 'demo')", [mentoradoId]);
    for (const [who, role] of [
      ["owner", "owner"],
      ["sales", "sales"],
      ["staff", null],
    ] as const) {
      const userId = uuidv7();
      const { email, firstName, lastName } = DEMO[who];
      await client.query(
        "insert into users (id, clerk_user_id, email, name, is_admin) values ($1, $2, $3, $4, $5) on conflict (clerk_user_id) do nothing",
        [userId, clerkIds[who], email, `${firstName} ${lastName}`, role === null],
      );
      if (role === null) continue;
      await client.query(
        "insert into memberships (mentorado_id, id, user_id, role) select $1, $2, u.id, $3 from users u where u.clerk_user_id = $4",
        [mentoradoId, uuidv7(), role, clerkIds[who]],
      );
    }
    await client.query(
      "insert into lead_forms (mentorado_id, id, form_key, name, consent_text_version) values ($1, $2, $3, 'Site', '2026-11')",
      [mentoradoId, uuidv7(), DEMO.formKey],
    );
    await client.query(
      "insert into offerings (mentorado_id, id, name, price_cents) values ($1, $2, 'Mentoria de carreira, 6 meses', 360000)",
      [mentoradoId, offeringId],
    );
    await insertProviderAccount({ client, stack, mentoradoId, webhookId: await ensureAsaasAccount(stack) });
    await client.query("commit");
    return { mentoradoId, offeringId, ownerClerkId: clerkIds.owner };
  } finally {
    await client.end();
  }
}

async function ensureClerkUsers({ clerk }: Stack): Promise<Record<"owner" | "sales" | "staff", string>> {
  const ids: Record<string, string> = {};
  for (const who of ["owner", "sales", "staff"] as const) {
    const { email } = DEMO[who];
    const known = clerk?.users().find((user) => user.email_addresses.some((address) => address.email_address === email));
    ids[who] = known?.id ?? clerk?.createUser(DEMO[who]).id ?? `user_demo_${who}`;
  }
  return ids as Record<"owner" | "sales" | "staff", string>;
}

async function insertProviderAccount({
  client,
  stack,
  mentoradoId,
  webhookId,
}: {
  client: pg.Client;
  stack: Stack;
  mentoradoId: string;
  webhookId: string | null;
}): Promise<void> {
  const keyring = await createKeyring(stack.variables.ENCRYPTION_KEY ?? "")();
  const rowId = uuidv7();
  const key = await encrypt({
    keyring,
    plaintext: DEMO.apiKey,
    place: { column: "provider_accounts.api_key", mentoradoId, rowId },
  });
  await client.query(
    `insert into provider_accounts (mentorado_id, id, provider, account_ref, api_key_encrypted, api_key_key_version, api_key_last4,
                                    webhook_token_digest, webhook_external_id)
     values ($1, $2, 'asaas', $3, $4, $5, $6, $7, $8)`,
    [
      mentoradoId,
      rowId,
      DEMO.accountRef,
      Buffer.from(key.ciphertext),
      key.keyVersion,
      DEMO.apiKey.slice(-4),
      Buffer.from(await asaasTokenDigest({ keyring, token: DEMO.webhookToken })),
      webhookId,
    ],
  );
}

/** At the stand-in only: a real account is made by its owner, and its webhook registered by a job. @returns the id of the webhook. */
async function ensureAsaasAccount({ asaas, variables }: Stack): Promise<string | null> {
  if (asaas === undefined) return null;
  asaas.createAccount({ apiKey: DEMO.apiKey, name: "Mentoria Rafaela Prado" });
  const response = await fetch(`${variables.ASAAS_API_URL}/webhooks`, {
    method: "POST",
    headers: { access_token: DEMO.apiKey, "user-agent": "Guilda", "content-type": "application/json" },
    body: JSON.stringify({
      name: "Guilda",
      url: `${variables.PUBLIC_URL}/webhooks/asaas/${DEMO.accountRef}`,
      email: DEMO.owner.email,
      enabled: true,
      interrupted: false,
      apiVersion: 3,
      authToken: DEMO.webhookToken,
      sendType: "NON_SEQUENTIALLY",
      events: ASAAS_EVENTS,
    }),
  });
  if (!response.ok) throw new Error(`The Asaas stand-in refused the webhook: ${response.status} ${await response.text()}`);
  const { id } = (await response.json()) as { id: string };
  return id;
}
