import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Platform, startPlatform } from "../support/platform.ts";
import { type CrmClient, openPractice } from "./support/open-practice.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

async function createLeads(crm: CrmClient, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) ids.push((await crm.leads.create.mutate({ name: `Lead ${index}` })).id);
  return ids;
}

describe("pages", () => {
  test("hold every lead once, newest first, also while new ones come in", async () => {
    const { crm } = await (await openPractice(platform)).join("owner");
    const ids = await createLeads(crm, 9);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await crm.leads.list.query({ limit: 4, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
      await createLeads(crm, 1);
    } while (cursor !== undefined);
    expect(seen).toEqual(ids.toReversed());
  });

  test.each([
    { count: 3, limit: 3, sizes: [3] },
    { count: 4, limit: 3, sizes: [3, 1] },
    { count: 0, limit: 3, sizes: [0] },
    { count: 2, limit: 1, sizes: [1, 1] },
  ])("$count leads by $limit make pages of $sizes, and only the last one says that it is the last", async (each) => {
    const { crm } = await (await openPractice(platform)).join("owner");
    await createLeads(crm, each.count);
    const sizes: number[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await crm.leads.list.query({ limit: each.limit, ...(cursor === undefined ? {} : { cursor }) });
      sizes.push(page.items.length);
      cursor = page.nextCursor;
    }
    expect(sizes).toEqual(each.sizes);
  });

  test("hold 20 unless told otherwise, and at most 100", async () => {
    const { crm } = await (await openPractice(platform)).join("owner");
    await createLeads(crm, 21);
    expect((await crm.leads.list.query()).items).toHaveLength(20);
    expect((await crm.leads.list.query({})).items).toHaveLength(20);
    expect((await crm.leads.list.query({ limit: 100 })).items).toHaveLength(21);
    for (const limit of [0, -1, 101, 1.5]) {
      await expect(crm.leads.list.query({ limit })).rejects.toMatchObject({ data: { errorCode: "VALIDATION", field: "limit" } });
    }
  });

  test("of another practice's cursor show nothing of that practice", async () => {
    const [one, other] = await Promise.all([openPractice(platform), openPractice(platform)]);
    const [{ crm }, { crm: elsewhere }] = await Promise.all([one.join("owner"), other.join("owner")]);
    const mine = await createLeads(crm, 2);
    const [cursor = ""] = await createLeads(elsewhere, 1);
    expect((await crm.leads.list.query({ cursor })).items.map(({ id }) => id)).toEqual(mine.toReversed());
  });
});

test("the stage chooses which leads are listed", async () => {
  const { crm } = await (await openPractice(platform)).join("owner");
  const [first = "", second = ""] = await createLeads(crm, 2);
  await crm.leads.updateStage.mutate({ id: first, version: 1, stage: "qualified" });
  const idsIn = async (stage?: "new" | "qualified" | "lost") =>
    (await crm.leads.list.query({ ...(stage && { stage }) })).items.map(({ id }) => id);
  expect(await idsIn("qualified")).toEqual([first]);
  expect(await idsIn("new")).toEqual([second]);
  expect(await idsIn("lost")).toEqual([]);
  expect(await idsIn()).toEqual([second, first]);
});

describe("sales", () => {
  test("see their own and the unassigned leads, the others see all", async () => {
    const practice = await openPractice(platform);
    const [owner, ana, bia, viewer] = await Promise.all([
      practice.join("owner"),
      practice.join("sales"),
      practice.join("sales"),
      practice.join("viewer"),
    ]);
    const free = (await owner.crm.leads.create.mutate({ name: "Nobody's" })).id;
    const anas = (await ana.crm.leads.create.mutate({ name: "Ana's" })).id;
    const bias = (await bia.crm.leads.create.mutate({ name: "Bia's" })).id;
    const seenBy = async (crm: CrmClient) => (await crm.leads.list.query({})).items.map(({ id }) => id);
    expect(await seenBy(ana.crm)).toEqual([anas, free]);
    expect(await seenBy(bia.crm)).toEqual([bias, free]);
    expect(await seenBy(viewer.crm)).toEqual([bias, anas, free]);
    expect(await ana.crm.leads.getById.query({ id: free })).toMatchObject({ id: free });
    await expect(ana.crm.leads.getById.query({ id: bias })).rejects.toMatchObject({
      data: { code: "NOT_FOUND", errorCode: "LEAD_NOT_FOUND" },
    });
  });

  test("change only their own: an unassigned one and a colleague's are not there for them", async () => {
    const practice = await openPractice(platform);
    const [owner, ana, bia] = await Promise.all([practice.join("owner"), practice.join("sales"), practice.join("sales")]);
    const free = (await owner.crm.leads.create.mutate({ name: "Nobody's" })).id;
    const bias = (await bia.crm.leads.create.mutate({ name: "Bia's" })).id;
    for (const id of [free, bias]) {
      const refusal = { data: { code: "NOT_FOUND", errorCode: "LEAD_NOT_FOUND" } };
      await expect(ana.crm.leads.update.mutate({ id, version: 1, patch: { name: "Ana's" } })).rejects.toMatchObject(refusal);
      await expect(ana.crm.leads.updateStage.mutate({ id, version: 1, stage: "qualified" })).rejects.toMatchObject(refusal);
      expect(await owner.crm.leads.getById.query({ id })).toMatchObject({ version: 1, stage: "new" });
    }
    expect(await bia.crm.leads.update.mutate({ id: bias, version: 1, patch: { name: "Bia's own" } })).toMatchObject({
      name: "Bia's own",
    });
  });
});

test("an id of nobody and an id of another practice look alike", async () => {
  const [one, other] = await Promise.all([openPractice(platform), openPractice(platform)]);
  const [{ crm }, { crm: elsewhere }] = await Promise.all([one.join("owner"), other.join("owner")]);
  const [foreign = ""] = await createLeads(elsewhere, 1);
  for (const id of [foreign, "0198c8f0-1234-7abc-8def-0123456789ab"]) {
    await expect(crm.leads.getById.query({ id })).rejects.toMatchObject({
      message: "Not found",
      data: { code: "NOT_FOUND", errorCode: "LEAD_NOT_FOUND" },
    });
  }
});
