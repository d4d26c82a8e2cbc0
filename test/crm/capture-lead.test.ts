import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countRows } from "../db/support/count-rows.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { openPractice, type Practice } from "./support/open-practice.ts";

const VISITOR = { name: "Ana Prado", phone: "(41) 98888-7777" };
const FORM_NOT_FOUND = { message: "Not found", data: { code: "NOT_FOUND", errorCode: "FORM_NOT_FOUND" } };

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

/** What is stored of the only lead of the practice. */
async function storedLead({ mentoradoId }: Practice): Promise<Record<string, unknown> | undefined> {
  const rows = await platform.database.query("select * from leads where mentorado_id = $1", [mentoradoId]);
  expect(rows.length).toBeLessThanOrEqual(1);
  return rows[0];
}

describe("a visitor", () => {
  test("becomes a lead of the practice whose form it is, whatever else is sent along", async () => {
    const [practice, other] = await Promise.all([openPractice(platform), openPractice(platform)]);
    const smuggled = {
      mentoradoId: other.mentoradoId,
      mentorado_id: other.mentoradoId,
      formKey: other.formKey,
      stage: "won",
      version: 9,
    };
    const answer = await practice.visit().leads.createPublic.mutate({ ...VISITOR, ...smuggled } as typeof VISITOR);
    expect(answer).toEqual({ ok: true });
    expect(await storedLead(practice)).toMatchObject({
      name: "Ana Prado",
      phone: "+5541988887777",
      source: "landing_page",
      stage: "new",
      version: 1,
      assigned_to: null,
    });
    expect(await storedLead(other)).toBeUndefined();
    const [audited] = await platform.database.query(
      "select actor_type, actor_id from audit_log where mentorado_id = $1 and table_name = 'leads'",
      [practice.mentoradoId],
    );
    expect(audited).toEqual({ actor_type: "form", actor_id: practice.formKey });
  });

  test("that fills in the field which people do not see gets the same answer, and nothing is stored", async () => {
    const practice = await openPractice(platform);
    const before = await countRows(platform.database);
    const answer = await practice.visit().leads.createPublic.mutate({ ...VISITOR, website: "https://spam.example" });
    expect(answer).toEqual(await practice.visit().leads.createPublic.mutate({ ...VISITOR, website: "x" }));
    expect(answer).toEqual({ ok: true });
    expect(await countRows(platform.database)).toEqual(before);
    await practice.visit().leads.createPublic.mutate({ ...VISITOR, website: "" });
    expect(await storedLead(practice)).toBeDefined();
  });

  test("who is a lead already gets the same answer, and overwrites nothing", async () => {
    const practice = await openPractice(platform);
    const { crm } = await practice.join("owner");
    const { id } = await crm.leads.create.mutate({ ...VISITOR, email: "ana@example.com", source: "referral" });
    const answer = await practice.visit().leads.createPublic.mutate({
      name: "Mallory",
      phone: "41 8888-7777",
      email: "mallory@example.com",
      message: "Oi",
    });
    expect(answer).toEqual({ ok: true });
    expect(await crm.leads.getById.query({ id })).toMatchObject({
      name: "Ana Prado",
      email: "ana@example.com",
      source: "referral",
      message: "Oi",
    });
  });
});

describe("consent", () => {
  test.each([
    { given: undefined, stored: false },
    { given: false, stored: false },
    { given: "false", stored: false },
    { given: true, stored: true },
    { given: "true", stored: true },
    { given: "on", stored: true },
  ] as const)("given as $given is stored as $stored, with the version of the text", async ({ given, stored }) => {
    const practice = await openPractice(platform);
    await practice.visit().leads.createPublic.mutate({ ...VISITOR, ...(given === undefined ? {} : { consent: given }) });
    expect(await storedLead(practice)).toMatchObject({ consent_granted: stored, consent_text_version: "2026-11" });
  });

  test.each(["yes", "", "1", 1, null, []])("given as %j is refused, not guessed", async (consent) => {
    const practice = await openPractice(platform);
    await expect(practice.visit().leads.createPublic.mutate({ ...VISITOR, consent: consent as never })).rejects.toMatchObject({
      data: { code: "BAD_REQUEST", errorCode: "VALIDATION", field: "consent" },
    });
    expect(await storedLead(practice)).toBeUndefined();
  });

  test("is added by a later visit under that visit's text, and not withdrawn by one without", async () => {
    const practice = await openPractice(platform);
    const visit = (consent: boolean) => practice.visit().leads.createPublic.mutate({ ...VISITOR, consent });
    await visit(false);
    await platform.database.query(
      "update lead_forms set consent_text_version = '2027-01' from set_config('app.actor_type', 'system', true) where form_key = $1",
      [practice.formKey],
    );
    await visit(true);
    expect(await storedLead(practice)).toMatchObject({ consent_granted: true, consent_text_version: "2027-01", version: 2 });
    await platform.database.query(
      "update lead_forms set consent_text_version = '2028-01' from set_config('app.actor_type', 'system', true) where form_key = $1",
      [practice.formKey],
    );
    await visit(false);
    expect(await storedLead(practice)).toMatchObject({ consent_granted: true, consent_text_version: "2027-01", version: 2 });
  });
});

describe("a form", () => {
  test("that is unknown, switched off, or of a practice that is not active, is not found", async () => {
    const [off, suspended] = await Promise.all([openPractice(platform), openPractice(platform)]);
    await platform.database.query(
      "update lead_forms set is_active = false from set_config('app.actor_type', 'system', true) where form_key = $1",
      [off.formKey],
    );
    await platform.database.query(
      "update mentorados set status = 'suspended' from set_config('app.actor_type', 'system', true) where id = $1",
      [suspended.mentoradoId],
    );
    const before = await countRows(platform.database);
    for (const visitor of [off.visit("no-such-form"), off.visit(), suspended.visit()]) {
      await expect(visitor.leads.createPublic.mutate(VISITOR)).rejects.toMatchObject(FORM_NOT_FOUND);
      await expect(visitor.leads.createPublic.mutate({ ...VISITOR, website: "x" })).rejects.toMatchObject(FORM_NOT_FOUND);
    }
    expect(await countRows(platform.database)).toEqual(before);
  });

  test("is the only way in: anonymous callers and members find no form", async () => {
    const practice = await openPractice(platform);
    const { crm } = await practice.join("owner");
    const anonymous = platform.client({ ...practice, caller: { requestId: "request-0001", identity: { kind: "anonymous" } } });
    for (const client of [crm, anonymous]) {
      await expect(client.leads.createPublic.mutate(VISITOR)).rejects.toMatchObject(FORM_NOT_FOUND);
    }
    expect(await storedLead(practice)).toBeUndefined();
  });

  test("opens nothing but itself", async () => {
    const practice = await openPractice(platform);
    for (const call of [practice.visit().leads.list.query({}), practice.visit().leads.create.mutate({ name: "Ana" })]) {
      await expect(call).rejects.toMatchObject({ data: { code: "UNAUTHORIZED", errorCode: "UNAUTHORIZED" } });
    }
  });
});
