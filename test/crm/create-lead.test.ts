import { afterAll, beforeAll, expect, test } from "vitest";
import type { CreateLeadInput } from "../../functions/crm/schemas.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { openPractice } from "./support/open-practice.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

test("a lead is stored as it was told, and is new", async () => {
  const { crm } = await (await openPractice(platform)).join("owner");
  const { id, created } = await crm.leads.create.mutate({
    name: "  Ana Prado ",
    email: "ana@example.com",
    phone: "(41) 98888-7777",
    occupation: "developer",
    experienceYears: 4,
    stack: ["typescript", "postgres"],
    goal: "promotion",
    mainObjection: "time",
    message: "Oi!",
    source: "referral",
  });
  expect(created).toBe(true);
  expect(await crm.leads.getById.query({ id })).toMatchObject({
    id,
    name: "Ana Prado",
    email: "ana@example.com",
    phone: "+5541988887777",
    occupation: "developer",
    experienceYears: 4,
    stack: ["typescript", "postgres"],
    goal: "promotion",
    mainObjection: "time",
    message: "Oi!",
    source: "referral",
    stage: "new",
    assignedTo: null,
    studentId: null,
    version: 1,
    history: [],
  });
});

test("one number in any spelling, with and without its ninth digit, is one lead, and nothing it knows is overwritten", async () => {
  const { crm } = await (await openPractice(platform)).join("owner");
  const first = await crm.leads.create.mutate({
    name: "Ana",
    phone: "(41) 98888-7777",
    email: "ana@example.com",
    goal: "first_job",
  });
  for (const phone of ["554188887777", "41 8888-7777", "+55 41 98888 7777"]) {
    expect(
      await crm.leads.create.mutate({
        name: "Outra Pessoa",
        phone,
        email: "outra@example.com",
        goal: "teaching",
        source: "event",
      }),
    ).toEqual({ id: first.id, created: false });
  }
  expect((await crm.leads.list.query({})).items).toMatchObject([
    { id: first.id, name: "Ana", phone: "+5541988887777", email: "ana@example.com", goal: "first_job", source: "other" },
  ]);
});

test("what a known lead lacked is filled in, and that counts as a change", async () => {
  const { crm } = await (await openPractice(platform)).join("owner");
  const profile = {
    email: "ana@example.com",
    occupation: "data",
    experienceYears: 3,
    stack: ["sql"],
    goal: "freelance",
    mainObjection: "price",
    message: "Quero saber mais",
  } satisfies Partial<CreateLeadInput>;
  const { id } = await crm.leads.create.mutate({ name: "Ana", phone: "41988887777" });
  await crm.leads.create.mutate({ name: "Ana P.", phone: "41988887777", ...profile });
  expect(await crm.leads.getById.query({ id })).toMatchObject({ name: "Ana", ...profile, version: 2 });
});

test("a known lead that learns nothing does not change", async () => {
  const { crm } = await (await openPractice(platform)).join("owner");
  const { id } = await crm.leads.create.mutate({ name: "Ana", phone: "41988887777", email: "ana@example.com" });
  const before = await crm.leads.getById.query({ id });
  await crm.leads.create.mutate({ name: "Ana", phone: "41988887777", email: "other@example.com" });
  expect(await crm.leads.getById.query({ id })).toEqual(before);
});

test("the same eight digits in another area, or in another practice, are another lead", async () => {
  const [one, other] = await Promise.all([openPractice(platform), openPractice(platform)]);
  const { crm } = await one.join("owner");
  const { crm: elsewhere } = await other.join("owner");
  const made = [
    await crm.leads.create.mutate({ name: "Ana", phone: "(11) 98888-7777" }),
    await crm.leads.create.mutate({ name: "Bia", phone: "(21) 98888-7777" }),
    await elsewhere.leads.create.mutate({ name: "Caio", phone: "(11) 98888-7777" }),
  ];
  expect(made.map(({ created }) => created)).toEqual([true, true, true]);
  expect(new Set(made.map(({ id }) => id)).size).toBe(3);
});

test("leads without a number are never taken for one another", async () => {
  const { crm } = await (await openPractice(platform)).join("owner");
  const made = [await crm.leads.create.mutate({ name: "Ana" }), await crm.leads.create.mutate({ name: "Ana" })];
  expect(made.map(({ created }) => created)).toEqual([true, true]);
});

test("many at once with one number make one lead, and one of them made it", async () => {
  const { crm } = await (await openPractice(platform)).join("owner");
  const made = await Promise.all(
    Array.from({ length: 12 }, (_, index) => crm.leads.create.mutate({ name: `Ana ${index}`, phone: "41988887777" })),
  );
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  expect(made.filter(({ created }) => created)).toHaveLength(1);
});

test("a lead that sales make is theirs; one that an owner makes belongs to nobody yet", async () => {
  const practice = await openPractice(platform);
  const [owner, sales] = await Promise.all([practice.join("owner"), practice.join("sales")]);
  const theirs = await sales.crm.leads.create.mutate({ name: "Ana" });
  const nobodys = await owner.crm.leads.create.mutate({ name: "Bia" });
  expect(await owner.crm.leads.getById.query({ id: theirs.id })).toMatchObject({ assignedTo: sales.member.userId });
  expect(await owner.crm.leads.getById.query({ id: nobodys.id })).toMatchObject({ assignedTo: null });
});

test.each(["success", "support", "viewer"] as const)("%s may read leads and make none", async (role) => {
  const { crm } = await (await openPractice(platform)).join(role);
  await expect(crm.leads.create.mutate({ name: "Ana" })).rejects.toMatchObject({
    data: { code: "FORBIDDEN", errorCode: "PERMISSION_REQUIRED" },
  });
  expect((await crm.leads.list.query({})).items).toEqual([]);
});
