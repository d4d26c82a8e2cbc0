import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKeyring, decrypt } from "../../shared/db/sensitive.ts";
import { countRows, dumpRows } from "../db/support/count-rows.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { openPractice, type Practice } from "./support/open-practice.ts";

const TAX_ID = "52998224725";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

async function openLead(practice?: Practice) {
  const { mentoradoId, offeringId, join } = practice ?? (await openPractice(platform));
  const { crm, member } = await join("owner");
  const { id } = await crm.leads.create.mutate({ name: "Ana Prado", phone: "(41) 98888-7777", email: "ana@example.com" });
  const terms = {
    id,
    offeringId,
    taxId: "529.982.247-25",
    totalCents: 10_000,
    installmentCount: 3,
    firstDueDate: "2027-01-31",
    billingType: "pix" as const,
  };
  return { mentoradoId, crm, member, id, terms };
}

describe("a conversion", () => {
  test("makes student, enrolment, plan, history and jobs in one request and one transaction", async () => {
    const { mentoradoId, crm, id, terms } = await openLead();
    await crm.leads.updateStage.mutate({ id, version: 1, stage: "negotiation" });
    const { requests } = platform.database;
    requests.reset();
    const { studentId, enrollmentId } = await crm.leads.convert.mutate(terms);
    expect(requests.count()).toBe(1);

    expect(await crm.students.getById.query({ id: studentId })).toMatchObject({
      leadId: id,
      name: "Ana Prado",
      email: "ana@example.com",
      phone: "+5541988887777",
      status: "active",
    });
    expect(await crm.enrollments.getById.query({ id: enrollmentId })).toMatchObject({
      studentId,
      offeringId: terms.offeringId,
      status: "awaiting_start",
      paymentStatus: "current",
      totalCents: 10_000,
      installmentCount: 3,
      billingType: "pix",
      installments: [
        { number: 1, dueDate: "2027-01-31", amountCents: 3_333 },
        { number: 2, dueDate: "2027-02-28", amountCents: 3_333 },
        { number: 3, dueDate: "2027-03-31", amountCents: 3_334 },
      ],
    });
    expect(await crm.leads.getById.query({ id })).toMatchObject({
      stage: "won",
      studentId,
      version: 3,
      history: [{ toStage: "negotiation" }, { fromStage: "negotiation", toStage: "won" }],
    });
    const transactions = await platform.database.query(
      `select xmin::text from leads where mentorado_id = $1 union select xmin::text from students where mentorado_id = $1
       union select xmin::text from enrollments where mentorado_id = $1 union select xmin::text from installments where mentorado_id = $1
       union select xmin::text from lead_stage_history where mentorado_id = $1 and to_stage = 'won'
       union select xmin::text from jobs where mentorado_id = $1`,
      [mentoradoId],
    );
    expect(transactions).toHaveLength(1);
  });

  test("stages exactly one charge per instalment, with ids and nothing else, and rings for them", async () => {
    const { mentoradoId, crm, terms } = await openLead();
    const { enrollmentId } = await crm.leads.convert.mutate({ ...terms, installmentCount: 12 });
    const { installments } = await crm.enrollments.getById.query({ id: enrollmentId });
    const jobs = await platform.database.query(
      "select name, worker_group, status, payload, dedup_key from jobs where mentorado_id = $1 order by payload->>'installmentId'",
      [mentoradoId],
    );
    expect(jobs).toEqual(
      installments
        .map(({ id }) => id)
        .toSorted()
        .map((installmentId) => ({
          name: "finance.create-charge",
          worker_group: "finance",
          status: "pending",
          payload: { installmentId },
          dedup_key: `${mentoradoId}:finance.create-charge:${installmentId}`,
        })),
    );
  });

  test("with a cohort of nobody's leaves nothing at all behind", async () => {
    const foreign = await openPractice(platform);
    const { crm, id, terms } = await openLead();
    const before = await countRows(platform.database);
    for (const offeringId of [foreign.offeringId, "0198c8f0-1234-7abc-8def-0123456789ab"]) {
      await expect(crm.leads.convert.mutate({ ...terms, offeringId })).rejects.toMatchObject({
        data: { code: "NOT_FOUND", errorCode: "REFERENCE_NOT_FOUND" },
      });
    }
    expect(await countRows(platform.database)).toEqual(before);
    expect(await crm.leads.getById.query({ id })).toMatchObject({ stage: "new", version: 1, studentId: null });
  });

  test("asked for again answers what the first one made, whatever its terms", async () => {
    const { crm, terms } = await openLead();
    const first = await crm.leads.convert.mutate(terms);
    const before = await countRows(platform.database);
    expect(await crm.leads.convert.mutate(terms)).toEqual(first);
    expect(await crm.leads.convert.mutate({ ...terms, totalCents: 99, taxId: "111.444.777-35" })).toEqual(first);
    expect(await countRows(platform.database)).toEqual(before);
  });

  test("asked for several times at once makes one student, and all are told the same", async () => {
    const { crm, terms } = await openLead();
    const answers = await Promise.all(Array.from({ length: 6 }, () => crm.leads.convert.mutate(terms)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect((await crm.students.list.query({})).items).toHaveLength(1);
    expect((await crm.enrollments.list.query({})).items).toHaveLength(1);
  });

  test.each([
    { what: "more instalments than cents", terms: { totalCents: 2, installmentCount: 3 }, field: "installmentCount" },
    { what: "a date that does not exist", terms: { firstDueDate: "2026-02-30" }, field: "firstDueDate" },
    { what: "a date of another century", terms: { firstDueDate: "0026-02-20" }, field: "firstDueDate" },
    { what: "a tax id that nobody has", terms: { taxId: "529.982.247-24" }, field: "taxId" },
    { what: "more than a million reais", terms: { totalCents: 100_000_001 }, field: "totalCents" },
    { what: "121 instalments", terms: { installmentCount: 121 }, field: "installmentCount" },
  ])("with $what is refused", async ({ terms: wrong, field }) => {
    const { crm, terms } = await openLead();
    await expect(crm.leads.convert.mutate({ ...terms, ...wrong })).rejects.toMatchObject({
      data: { code: "BAD_REQUEST", errorCode: "VALIDATION", field },
    });
  });

  test("is for owners and managers", async () => {
    const practice = await openPractice(platform);
    const { terms } = await openLead(practice);
    const { crm: sales } = await practice.join("sales");
    await expect(sales.leads.convert.mutate(terms)).rejects.toMatchObject({ data: { errorCode: "PERMISSION_REQUIRED" } });
    const { crm: manager } = await practice.join("manager");
    expect(await manager.leads.convert.mutate(terms)).toHaveProperty("studentId");
  });

  test("of another practice's lead finds no lead", async () => {
    const { terms } = await openLead();
    const { crm, terms: own } = await openLead();
    await expect(crm.leads.convert.mutate({ ...own, id: terms.id })).rejects.toMatchObject({
      data: { code: "NOT_FOUND", errorCode: "LEAD_NOT_FOUND" },
    });
  });
});

describe("a tax id", () => {
  test("is encrypted where it is stored, for this student alone, and answered by nothing", async () => {
    const { mentoradoId, crm, terms } = await openLead();
    const { studentId, enrollmentId } = await crm.leads.convert.mutate(terms);
    const dump = await dumpRows(platform.database);
    for (const spelling of [TAX_ID, terms.taxId, Buffer.from(TAX_ID).toString("hex")]) expect(dump).not.toContain(spelling);

    const [row] = await platform.database.query<{ tax_id_encrypted: Buffer; tax_id_key_version: number }>(
      "select tax_id_encrypted, tax_id_key_version from students where id = $1",
      [studentId],
    );
    const keyring = await createKeyring(platform.env.ENCRYPTION_KEY ?? "")();
    const encrypted = { ciphertext: row?.tax_id_encrypted ?? Buffer.alloc(0), keyVersion: row?.tax_id_key_version ?? 0 };
    const place = { column: "students.tax_id", mentoradoId, rowId: studentId };
    expect(await decrypt({ keyring, encrypted, place })).toBe(TAX_ID);
    await expect(decrypt({ keyring, encrypted, place: { ...place, rowId: enrollmentId } })).rejects.toThrow();

    const answers = [
      await crm.students.getById.query({ id: studentId }),
      await crm.students.list.query({}),
      await crm.enrollments.getById.query({ id: enrollmentId }),
      await crm.leads.getById.query({ id: terms.id }),
    ];
    expect(JSON.stringify(answers)).not.toMatch(/tax|52998224725|529\.982/i);
  });

  test("belongs to one student of a practice, and tells nothing across practices", async () => {
    const practice = await openPractice(platform);
    const { crm, terms } = await openLead(practice);
    await crm.leads.convert.mutate(terms);
    const { id } = await crm.leads.create.mutate({ name: "Bia", phone: "(11) 97777-6666" });
    const before = await countRows(platform.database);
    await expect(crm.leads.convert.mutate({ ...terms, id, taxId: TAX_ID })).rejects.toMatchObject({
      data: { code: "CONFLICT", errorCode: "ALREADY_EXISTS" },
    });
    expect(await countRows(platform.database)).toEqual(before);

    const elsewhere = await openLead();
    await elsewhere.crm.leads.convert.mutate(elsewhere.terms);
    const indexes = await platform.database.query("select distinct tax_id_index from students where mentorado_id in ($1, $2)", [
      practice.mentoradoId,
      elsewhere.mentoradoId,
    ]);
    expect(indexes).toHaveLength(2);
  });
});
