import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChargeStatus } from "../../shared/db/schema/money.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { type CrmClient, openPractice, type Practice } from "./support/open-practice.ts";

/** Valid by their check digits, of nobody in particular. */
const TAX_IDS = ["52998224725", "11144477735", "12345678909", "11222333000181"];

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

async function enroll({
  crm,
  practice,
  index = 0,
  count = 1,
}: {
  crm: CrmClient;
  practice: Practice;
  index?: number;
  count?: number;
}) {
  const { id } = await crm.leads.create.mutate({ name: `Student ${index}`, phone: `4198888000${index}` });
  return crm.leads.convert.mutate({
    id,
    offeringId: practice.offeringId,
    taxId: TAX_IDS[index] ?? "",
    totalCents: 1_000,
    installmentCount: count,
    firstDueDate: "2027-01-31",
    billingType: "boleto",
  });
}

describe("lists", () => {
  test("of students and enrolments have pages and lead from one to the other", async () => {
    const practice = await openPractice(platform);
    const { crm } = await practice.join("owner");
    const made = [];
    for (const index of TAX_IDS.keys()) made.push(await enroll({ crm, practice, index }));
    const newestFirst = made.toReversed();

    const first = await crm.students.list.query({ limit: 3 });
    const rest = await crm.students.list.query({ limit: 3, cursor: first.nextCursor ?? "" });
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(newestFirst.map(({ studentId }) => studentId));
    expect(rest.nextCursor).toBeNull();

    const page = await crm.enrollments.list.query({ limit: 3 });
    const last = await crm.enrollments.list.query({ limit: 3, cursor: page.nextCursor ?? "" });
    expect([...page.items, ...last.items].map(({ id }) => id)).toEqual(newestFirst.map(({ enrollmentId }) => enrollmentId));

    const [{ studentId, enrollmentId } = { studentId: "", enrollmentId: "" }] = made;
    expect((await crm.enrollments.list.query({ studentId })).items.map(({ id }) => id)).toEqual([enrollmentId]);
  });

  test("show nothing of another practice", async () => {
    const [one, other] = await Promise.all([openPractice(platform), openPractice(platform)]);
    const [{ crm }, { crm: elsewhere }] = await Promise.all([one.join("owner"), other.join("owner")]);
    const { studentId, enrollmentId } = await enroll({ crm, practice: one });
    expect((await elsewhere.students.list.query()).items).toEqual([]);
    expect((await elsewhere.enrollments.list.query({ studentId })).items).toEqual([]);
    await expect(elsewhere.students.getById.query({ id: studentId })).rejects.toMatchObject({
      data: { errorCode: "STUDENT_NOT_FOUND" },
    });
    await expect(elsewhere.enrollments.getById.query({ id: enrollmentId })).rejects.toMatchObject({
      data: { errorCode: "ENROLLMENT_NOT_FOUND" },
    });
  });
});

describe("the payment status of an enrolment", () => {
  const cases: { charges: (ChargeStatus | null)[]; is: string }[] = [
    { charges: [null, null], is: "current" },
    { charges: ["draft", "pending"], is: "current" },
    { charges: ["confirmed", "confirmed"], is: "current" },
    { charges: ["received", null], is: "current" },
    { charges: ["received", "pending"], is: "current" },
    { charges: ["received", "received"], is: "paid_off" },
    { charges: ["received", "overdue"], is: "late" },
    { charges: ["disputed", "received"], is: "late" },
    { charges: ["overdue", "refunded"], is: "late" },
    { charges: ["refunding", "received"], is: "refunded" },
    { charges: ["refunded", "pending"], is: "refunded" },
    { charges: ["refunded", "refunded"], is: "refunded" },
    { charges: ["cancelled", "received"], is: "current" },
  ];

  test.each(cases)("with charges $charges is $is", async ({ charges, is }) => {
    const practice = await openPractice(platform);
    const { crm } = await practice.join("owner");
    const { studentId, enrollmentId } = await enroll({ crm, practice, count: charges.length });
    // A second one beside it, so that a status that is read from the wrong rows shows.
    const beside = await enroll({ crm, practice, index: 1 });
    const { installments } = await crm.enrollments.getById.query({ id: enrollmentId });
    for (const [index, status] of charges.entries()) {
      if (status === null) continue;
      await insertRow(platform.database, "charges", {
        mentorado_id: practice.mentoradoId,
        id: uuidv7(),
        installment_id: installments[index]?.id,
        student_id: studentId,
        billing_type: "boleto",
        amount_cents: 500,
        due_date: "2027-01-31",
        status,
      });
    }
    expect(await crm.enrollments.getById.query({ id: enrollmentId })).toMatchObject({ paymentStatus: is });
    expect((await crm.enrollments.list.query({})).items).toMatchObject([
      { id: beside.enrollmentId, paymentStatus: "current" },
      { id: enrollmentId, paymentStatus: is },
    ]);
  });
});
