import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Platform, startPlatform } from "../support/platform.ts";
import { openPractice } from "./support/open-practice.ts";

const STALE = { data: { code: "CONFLICT", errorCode: "STALE_VERSION" } };

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

async function openLead() {
  const practice = await openPractice(platform);
  const { crm } = await practice.join("owner");
  const { id } = await crm.leads.create.mutate({ name: "Ana", phone: "(41) 98888-7777", email: "ana@example.com" });
  return { practice, crm, id, read: () => crm.leads.getById.query({ id }) };
}

describe("update", () => {
  test("changes what the patch names and nothing else, and answers the lead as a read would", async () => {
    const { crm, id, read } = await openLead();
    const before = await read();
    const answer = await crm.leads.update.mutate({
      id,
      version: 1,
      patch: { goal: "teaching", stack: ["go"], phone: "1133334444" },
    });
    const { history, ...after } = await read();
    expect(answer).toEqual(after);
    expect(history).toEqual([]);
    const { history: _, ...unchanged } = before;
    expect(after).toEqual({
      ...unchanged,
      goal: "teaching",
      stack: ["go"],
      phone: "+551133334444",
      version: 2,
      updatedAt: after.updatedAt,
    });
    expect(Date.parse(after.updatedAt)).toBeGreaterThanOrEqual(Date.parse(before.updatedAt));
  });

  test.each([2, 99])("with version %i of a lead at version 1 is refused, and nothing changes", async (version) => {
    const { crm, id, read } = await openLead();
    const before = await read();
    await expect(crm.leads.update.mutate({ id, version, patch: { name: "Bia" } })).rejects.toMatchObject(STALE);
    expect(await read()).toEqual(before);
  });

  test("of one version by several at once: one wins, the others are told that it is stale", async () => {
    const { crm, id, read } = await openLead();
    const names = ["Bia", "Caio", "Duda", "Eva", "Fabio"];
    const results = await Promise.allSettled(names.map((name) => crm.leads.update.mutate({ id, version: 1, patch: { name } })));
    const winners = results.flatMap((result) => (result.status === "fulfilled" ? [result.value.name] : []));
    expect(winners).toHaveLength(1);
    const losers = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    expect(losers).toMatchObject([STALE, STALE, STALE, STALE]);
    expect(await read()).toMatchObject({ name: winners[0], version: 2 });
  });

  test("cannot give a lead the number of another one", async () => {
    const { crm, id, read } = await openLead();
    await crm.leads.create.mutate({ name: "Bia", phone: "(11) 97777-6666" });
    await expect(crm.leads.update.mutate({ id, version: 1, patch: { phone: "11 7777-6666" } })).rejects.toMatchObject({
      data: { code: "CONFLICT", errorCode: "ALREADY_EXISTS" },
    });
    expect(await read()).toMatchObject({ phone: "+5541988887777", version: 1 });
  });
});

describe("updateStage", () => {
  test("moves the lead and keeps its history in order", async () => {
    const { crm, id, read } = await openLead();
    await crm.leads.updateStage.mutate({ id, version: 1, stage: "first_contact" });
    const answer = await crm.leads.updateStage.mutate({ id, version: 2, stage: "lost", lostReason: "price" });
    const { history, ...after } = await read();
    expect(answer).toEqual(after);
    expect(after).toMatchObject({ stage: "lost", lostReason: "price", version: 3 });
    expect(history).toEqual([
      { fromStage: "new", toStage: "first_contact", at: expect.stringMatching(/^\d{4}-.*Z$/) },
      { fromStage: "first_contact", toStage: "lost", at: expect.any(String) },
    ]);
    expect(await crm.leads.updateStage.mutate({ id, version: 3, stage: "proposal" })).toMatchObject({ lostReason: null });
  });

  test.each([
    { what: "lost without a reason", input: { stage: "lost" as const }, field: "lostReason" },
    { what: "a reason without lost", input: { stage: "qualified" as const, lostReason: "price" as const }, field: "lostReason" },
    { what: "won, which only a conversion makes", input: { stage: "won" as never }, field: "stage" },
  ])("refuses $what", async ({ input, field }) => {
    const { crm, id, read } = await openLead();
    await expect(crm.leads.updateStage.mutate({ id, version: 1, ...input })).rejects.toMatchObject({
      data: { code: "BAD_REQUEST", errorCode: "VALIDATION", field },
    });
    expect(await read()).toMatchObject({ stage: "new", version: 1, history: [] });
  });

  test("with a stale version is refused and leaves no history", async () => {
    const { crm, id, read } = await openLead();
    await expect(crm.leads.updateStage.mutate({ id, version: 7, stage: "proposal" })).rejects.toMatchObject(STALE);
    expect(await read()).toMatchObject({ stage: "new", version: 1, history: [] });
  });

  test("of one version by several at once moves it once", async () => {
    const { crm, id, read } = await openLead();
    const stages = ["first_contact", "qualified", "proposal", "negotiation"] as const;
    const results = await Promise.allSettled(stages.map((stage) => crm.leads.updateStage.mutate({ id, version: 1, stage })));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect((await read()).history).toHaveLength(1);
  });

  test("never moves a lead that is won, because it is a student", async () => {
    const { practice, crm, id, read } = await openLead();
    await crm.leads.convert.mutate({
      id,
      offeringId: practice.offeringId,
      taxId: "529.982.247-25",
      totalCents: 1_000,
      firstDueDate: "2026-12-01",
      billingType: "pix",
    });
    const before = await read();
    await expect(
      crm.leads.updateStage.mutate({ id, version: before.version, stage: "lost", lostReason: "time" }),
    ).rejects.toMatchObject({ data: { code: "CONFLICT", errorCode: "LEAD_ALREADY_WON" } });
    expect(await read()).toEqual(before);
  });
});

test("every change is in the audit log with its actor, and names and contacts are masked there", async () => {
  const practice = await openPractice(platform);
  const { member, crm } = await practice.join("manager");
  const { id } = await crm.leads.create.mutate({ name: "Ana", phone: "41988887777", email: "ana@example.com" });
  await crm.leads.update.mutate({ id, version: 1, patch: { name: "Bia", goal: "product" } });
  const rows = await platform.database.query(
    "select action, actor_type, actor_id, before, after from audit_log where table_name = 'leads' and row_id = $1 order by id",
    [id],
  );
  expect(rows).toMatchObject([
    { action: "insert", actor_type: "user", actor_id: member.userId, after: { name: "***", email: "***", phone: "***" } },
    {
      action: "update",
      actor_id: member.userId,
      before: { name: "***", goal: null, version: 1 },
      after: { name: "***", goal: "product", version: 2 },
    },
  ]);
});
