import { createHmac } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
import { createKeyring, encrypt } from "../../shared/db/sensitive.ts";
import { jobPath } from "../../shared/jobs/catalog.ts";
import { asaasTokenDigest } from "../../shared/webhooks/asaas-token-digest.ts";
import { openPractice, type Practice } from "../crm/support/open-practice.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { CANARY, type Practice as SeededPractice } from "../isolation/support/seed-practice.ts";
import type { Fault } from "../local/http-server.ts";
import { listProcedures, type Procedure } from "../rules/procedures.ts";
import type { Member, Person } from "../support/platform.ts";
import { type House, openHouse } from "./support/open-house.ts";
import { CRAFT, MONEY, openTreasury, personalInputs } from "./support/open-treasury.ts";

const NAME = "Zuleica Canarinho";
const EMAIL = "zuleica.canarinho@segredo.example";
const MESSAGE = "meu sonho inconfessavel";
const REASON = "pedido da Zuleica Canarinho, tel 41 98877-6655";
const CPF = "529.982.247-25";
const PHONE = "(41) 98877-6655";
const API_KEY = "$aact_hmlg_canarinho0123456789";
const WEBHOOK_TOKEN = "canarinho-webhook-token-0123456789abcdef";

const WORDS = { name: NAME, email: EMAIL, phone: PHONE, message: MESSAGE, apiKey: API_KEY };

/** Everything that must not be found, in every spelling in which it could be. */
const CANARIES = [
  /zuleica/i,
  /canarinho/i,
  /segredo/i,
  /inconfess/i,
  /529\.?982\.?247/,
  /11\.?444\.?777/,
  /11\.?222\.?333/,
  /98877[-. ]?6655/,
  /8877[-. ]?6655/,
  /97766[-. ]?5544/,
  /aact_/,
  /webhook-token/,
  new RegExp(CANARY),
  /postgres(ql)?:\/\//,
  /sig_current|sig_next|whsec_|qstash-token|redis-token/,
  /eyJ[\w-]{10}/,
  /Bearer (?!\[)/i,
];

let house: House;
let practice: Practice;
let owner: Member;
let accountRef: string;
/** Everything that was written to the console since the file began. */
let written: MockInstance[];
/** Every procedure that was called. */
const called = new Set<string>();
/** Every address that was called by the Workers, and what QStash was told. */
const sentOut: string[] = [];
let fetched: MockInstance<typeof fetch>;
/** A practice whose every word about money is personal. */
let treasury: SeededPractice;
/** Every answer to what failed. */
const refusals: string[] = [];

beforeAll(async () => {
  house = await openHouse();
  const { platform, asaas } = house;
  written = (["log", "info", "warn", "error", "debug"] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation(() => undefined),
  );
  const send = globalThis.fetch;
  fetched = vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    sentOut.push(url);
    // An event that cannot be stored is handed over whole: there is no other way for it to survive.
    const isMessage = url.startsWith(platform.qstash.url) && !url.endsWith(jobPath("webhooks.store-event"));
    if (isMessage && typeof init?.body === "string") sentOut.push(init.body);
    return send(input, init);
  });
  practice = await openPractice(platform);
  const staff = await platform.createPerson({ isAdmin: true });
  owner = await platform.createMember({ mentoradoId: practice.mentoradoId, role: "owner", person: staff });
  asaas.createAccount({ apiKey: API_KEY, name: NAME });
  accountRef = `account-${practice.mentoradoId}`;
  await insertAccount();
  treasury = await newTreasury();
});
afterAll(async () => {
  await house.close();
  fetched.mockRestore();
  for (const spy of written) spy.mockRestore();
});

/** Each test sees to its own; the faults of one do not reach the next. */
beforeEach(() => {
  for (const standIn of standIns()) standIn.faults.length = 0;
});

const standIns = () => [house.platform.database.bridge, house.platform.redis, house.platform.qstash, house.asaas];
const toProvider = () => sentOut.filter((sent) => sent.startsWith(house.asaas.url));
const logText = () => written.flatMap(({ mock }) => mock.calls.map((call) => call.map(String).join(" "))).join("\n");

async function insertAccount(): Promise<void> {
  const { platform } = house;
  const { mentoradoId } = practice;
  const id = uuidv7();
  const keyring = await createKeyring(platform.env.ENCRYPTION_KEY ?? "")();
  const place = { column: "provider_accounts.api_key", mentoradoId, rowId: id };
  const { ciphertext, keyVersion } = await encrypt({ keyring, plaintext: API_KEY, place });
  const digest = await asaasTokenDigest({ keyring, token: WEBHOOK_TOKEN });
  await insertRow(platform.database, "provider_accounts", {
    mentorado_id: mentoradoId,
    id,
    provider: "asaas",
    account_ref: accountRef,
    api_key_encrypted: `\\x${Buffer.from(ciphertext).toString("hex")}`,
    api_key_key_version: keyVersion,
    webhook_token_digest: `\\x${Buffer.from(digest).toString("hex")}`,
  });
}

/** A practice that the provider answers. */
async function newTreasury(): Promise<SeededPractice> {
  const opened = await openTreasury(house.platform, WORDS);
  await dataOf(call("financial.account.save", "mutation", { apiKey: API_KEY }, { as: opened.members.owner }));
  return opened;
}

interface Sent {
  status: number;
  body: string;
  requestId: string;
}

/** Sends a request to the front door, and keeps what it answers to a failure. */
async function send(path: string, init: RequestInit & { requestId?: string } = {}): Promise<Sent> {
  const { requestId = crypto.randomUUID(), ...rest } = init;
  const headers = { "x-request-id": requestId, "cf-connecting-ip": "203.0.113.7", ...(rest.headers as Record<string, string>) };
  const answer = await house.edge.fetch(new Request(`https://api.guilda.test${path}`, { ...rest, headers }));
  const body = await answer.text();
  if (answer.status >= 400) refusals.push(body, JSON.stringify([...answer.headers]));
  return { status: answer.status, body, requestId };
}

function call(
  path: string,
  type: "query" | "mutation",
  input: unknown,
  options: { requestId?: string; key?: string; as?: Person } = {},
): Promise<Sent> {
  const json = typeof input === "string" ? input : JSON.stringify(input ?? {});
  const headers = {
    authorization: `Bearer ${house.tokenOf(options.as ?? owner)}`,
    "content-type": "application/json",
    ...(options.key === undefined ? {} : { "idempotency-key": options.key }),
  };
  called.add(path);
  const request = options.requestId === undefined ? {} : { requestId: options.requestId };
  if (type === "mutation") return send(`/api/trpc/${path}`, { method: "POST", headers, body: json, ...request });
  return send(`/api/trpc/${path}?input=${encodeURIComponent(json)}`, { headers, ...request });
}

async function dataOf<Data>(sent: Promise<Sent>): Promise<Data> {
  const { status, body } = await sent;
  expect(status, body).toBe(200);
  return (JSON.parse(body) as { result: { data: Data } }).result.data;
}

const PROFILE = { name: NAME, email: EMAIL, phone: PHONE, message: MESSAGE, stack: ["canarinho-lang"], goal: "product" };

const createLead = (phone = PHONE) => dataOf<{ id: string }>(call("leads.create", "mutation", { ...PROFILE, phone }));
const termsOf = (id: string, taxId: string) => ({
  id,
  offeringId: practice.offeringId,
  taxId,
  totalCents: 10_000,
  installmentCount: 1,
  firstDueDate: new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10),
  billingType: "pix",
});

async function jobsOf(name: string): Promise<{ id: string; request_id: string }[]> {
  return house.platform.database.query(
    "select id, request_id from jobs where name = $1 and mentorado_id = $2 order by created_at",
    [name, practice.mentoradoId],
  );
}

/** Lets a job be tried again at once, whatever it waits for. */
async function ringAgain(jobId: string): Promise<number> {
  await house.platform.database.query(
    "update jobs set run_at = now(), status = 'pending', attempts = 0, lease_until = null where id = $1",
    [jobId],
  );
  await house.platform.database.query("update effects set updated_at = now() - interval '1 hour'");
  const answer = await house.ring(jobId);
  if (answer.status >= 400) refusals.push(await answer.text());
  return answer.status;
}

/** Every call that carries something personal, in the order in which a practice makes them. */
async function callEverything(): Promise<void> {
  await call("users.updateProfile", "mutation", { name: NAME });
  await call("users.me", "query", {});
  await call("users.list", "query", {});
  await call("users.directory", "query", { reason: REASON });
  await call("users.setActive", "mutation", { userId: uuidv7(), isActive: false, reason: REASON });
  await call("users.deactivate", "mutation", { membershipId: uuidv7(), version: 1, reason: REASON });
  await call("users.reactivate", "mutation", { membershipId: uuidv7(), version: 1, reason: REASON });
  await call("users.updateRole", "mutation", { membershipId: uuidv7(), version: 1, role: "sales" });
  await call("leads.create", "mutation", PROFILE, { key: `canarinho-${uuidv7()}` });
  await call("leads.create", "mutation", { ...PROFILE, phone: "4188776655" });
  const { body } = await call("leads.list", "query", { limit: 100 });
  const id = /"id":"([0-9a-f-]{36})"/.exec(body)?.[1] ?? uuidv7();
  await call("leads.getById", "query", { id });
  await call("leads.update", "mutation", { id, version: 1, patch: { ...PROFILE, name: `${NAME} 2` } });
  await call("leads.update", "mutation", { id, version: 99, patch: PROFILE });
  await call("leads.updateStage", "mutation", { id, version: 1, stage: "lost", lostReason: "price" });
  await call("leads.convert", "mutation", termsOf(id, CPF));
  await call("leads.convert", "mutation", { ...termsOf(id, "11.222.333/0001-81"), offeringId: uuidv7() });
  for (const list of ["students.list", "enrollments.list", "financial.charges.list", "financial.ledger.list"]) {
    await call(list, "query", {});
  }
  for (const one of ["students.getById", "enrollments.getById", "financial.charges.getById"]) {
    await call(one, "query", { id: uuidv7() });
  }
  await call("financial.account.save", "mutation", { apiKey: API_KEY.replace("hmlg", "prod") });
  await call("financial.account.disable", "mutation", { reason: REASON });
  for (const procedure of [...MONEY, ...CRAFT]) await callWithWords(procedure, treasury);
  // What GitHub's names refuse, and a file that is nowhere.
  await call("repos.connect", "mutation", { url: `https://${API_KEY}@github.com/${NAME}/x` }, { as: treasury.members.owner });
  await call(
    "patterns.addEvidence",
    "mutation",
    { id: treasury.ids.otherPattern, path: `${NAME}.ts` },
    { as: treasury.members.owner },
  );
}

/** Calls a procedure of money or of patterns as the owner of a practice that has something to do for it. */
async function callWithWords({ path, type, ...procedure }: Procedure, of: SeededPractice): Promise<Sent[]> {
  const sent: Sent[] = [];
  if (type === "subscription") throw new Error("Nobody watches these");
  for (const input of personalInputs({ path, type, ...procedure }, of, WORDS)) {
    sent.push(await call(path, type, input, { as: of.members.owner }));
  }
  return sent;
}

async function postForms(): Promise<void> {
  const path = `/forms/${practice.formKey}`;
  const json = { "content-type": "application/json" };
  const fields = { name: NAME, phone: PHONE, email: EMAIL, message: MESSAGE };
  await send(path, { method: "POST", headers: json, body: JSON.stringify(fields) });
  await send(path, { method: "POST", body: new URLSearchParams({ ...fields, consent: "on" }) });
  await send(path, { method: "POST", headers: json, body: JSON.stringify({ ...fields, phone: NAME }) });
  await send(path, { method: "POST", headers: json, body: JSON.stringify({ ...fields, website: EMAIL }) });
  await send(path, { method: "POST", headers: json, body: `{"name":"${NAME}","phone":${PHONE}` });
  await send(path, { method: "POST", headers: { "content-type": `text/${NAME}` }, body: NAME });
  await send(`/forms/${encodeURIComponent(NAME)}`, { method: "POST", headers: json, body: JSON.stringify(fields) });
}

/** @returns the ids of the jobs that were staged. */
async function postWebhooks(): Promise<void> {
  const payment = {
    id: `pay_${uuidv7().slice(-12)}`,
    status: "RECEIVED",
    externalReference: uuidv7(),
    netValue: 97.01,
    description: NAME,
  };
  const event = (body: object) => JSON.stringify({ id: `evt_${uuidv7()}&1781234567890`, event: "PAYMENT_RECEIVED", ...body });
  const asaas = (body: string, token = WEBHOOK_TOKEN, ref = accountRef) =>
    send(`/webhooks/asaas/${ref}`, { method: "POST", headers: { "asaas-access-token": token }, body });
  await asaas(event({ payment, customer: { name: NAME, cpfCnpj: CPF, email: EMAIL, phone: PHONE } }));
  await asaas(
    event({ event: "SUBSCRIPTION_UPDATED", subscription: { id: "sub_1", status: "ACTIVE", description: NAME, customer: EMAIL } }),
  );
  await asaas(
    event({
      event: "PAYMENT_REFUNDED",
      payment: { ...payment, status: "REFUNDED", refunds: [{ description: REASON, value: 1 }] },
    }),
  );
  await asaas(event({ payment: { ...payment, id: 7, status: NAME } }));
  await asaas(JSON.stringify({ id: EMAIL, event: NAME, payment }));
  await asaas(`{"id":"${NAME}`);
  await asaas(event({ payment }), `${WEBHOOK_TOKEN}-other`);
  await asaas(event({ payment }), WEBHOOK_TOKEN, "canarinho-account");
  const user = {
    id: owner.clerkUserId,
    first_name: "Zuleica",
    last_name: "Canarinho",
    email_addresses: [{ id: "e", email_address: EMAIL }],
    primary_email_address_id: "e",
    updated_at: Date.now(),
  };
  await clerk(JSON.stringify({ type: "user.updated", timestamp: Date.now(), data: user }));
  await clerk(JSON.stringify({ type: "user.updated", timestamp: Date.now(), data: { ...user, updated_at: NAME } }));
  await clerk(`{"type":"user.updated","data":{"first_name":"${NAME}`);
  await clerk(JSON.stringify({ type: "user.updated", data: user }), `${NAME}=`);
}

function clerk(body: string, signature?: string): Promise<Sent> {
  const id = `msg_${uuidv7()}`;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const key = Buffer.from((house.platform.env.CLERK_WEBHOOK_SIGNING_SECRET ?? "").replace("whsec_", ""), "base64");
  const signed = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  const headers = { "svix-id": id, "svix-timestamp": timestamp, "svix-signature": `v1,${signature ?? signed}` };
  return send("/webhooks/clerk", { method: "POST", headers, body });
}

async function ringEverything(): Promise<void> {
  const jobs = await house.platform.database.query<{ id: string }>(
    "select id from jobs where status <> 'done' and worker_group <> 'ingestion'",
  );
  for (const { id } of jobs) await ringAgain(id);
}

function expectClean(): void {
  const lines = logText().split("\n");
  for (const canary of CANARIES) {
    expect(
      sentOut.find((sent) => canary.test(sent)),
      `an address or a message with ${canary}`,
    ).toBeUndefined();
    expect(
      lines.find((line) => canary.test(line)),
      `a log line with ${canary}`,
    ).toBeUndefined();
    expect(
      refusals.find((body) => canary.test(body)),
      `an answer with ${canary}`,
    ).toBeUndefined();
  }
}

describe("nothing personal and nothing secret is logged or told", () => {
  test("when everything goes well", { timeout: 60_000 }, async () => {
    for (const procedure of [...MONEY, ...CRAFT]) {
      const fresh = procedure.type === "mutation" ? await newTreasury() : treasury;
      for (const { status, body } of await callWithWords(procedure, fresh)) expect(status, body).toBe(200);
    }
    await callEverything();
    await postForms();
    await postWebhooks();
    await ringEverything();
    // A stream that never ends, and the procedure behind the forms.
    const elsewhere = ["leads.watch", "leads.createPublic"];
    expect([...called, ...elsewhere].toSorted()).toEqual(
      listProcedures()
        .map(({ path }) => path)
        .toSorted(),
    );
    expect(house.platform.logs().length).toBeGreaterThan(60);
    expect(toProvider().length).toBeGreaterThan(20);
    expect(sentOut.filter((sent) => /^[[{]/.test(sent)).length).toBeGreaterThan(20);
    expectClean();
    const stored = await house.platform.database.query<{ text: string }>("select jobs::text as text from jobs");
    expect(stored.length).toBeGreaterThan(60);
    for (const canary of CANARIES) expect(stored.find(({ text }) => canary.test(text))).toBeUndefined();
  });

  test("when the input is not what it should be", async () => {
    const bad = [
      `{"name":"${NAME}`,
      NAME,
      { name: { [NAME]: CPF }, email: NAME, phone: NAME, taxId: CPF, id: EMAIL, cursor: CPF, limit: NAME, reason: [REASON] },
      { ...PROFILE, name: `${NAME}\u0000`, id: NAME, version: EMAIL, patch: NAME },
      [PROFILE],
    ];
    for (const input of bad) {
      for (const path of [
        "leads.create",
        "leads.update",
        "leads.updateStage",
        "leads.convert",
        "users.updateProfile",
        "users.setActive",
      ]) {
        expect((await call(path, "mutation", input)).status).toBe(400);
      }
      for (const path of ["leads.list", "leads.getById", "students.getById", "financial.charges.list", "users.directory"]) {
        expect((await call(path, "query", input)).status).toBe(400);
      }
      for (const { path, type } of MONEY) {
        if (type !== "subscription") expect([200, 400]).toContain((await call(path, type, input)).status);
      }
      // Somebody else, so that nobody comes near a limit.
      const as = treasury.members.manager;
      for (const { path, type } of CRAFT) {
        if (type !== "subscription") expect([200, 400]).toContain((await call(path, type, input, { as })).status);
      }
    }
    await send(`/${encodeURIComponent(NAME)}?email=${EMAIL}`);
    await send("/api/trpc/leads.list", { headers: { authorization: `Bearer ${house.tokenOf(owner)}x` } });
    expectClean();
  });

  test("when someone asks for a procedure by a name that is no procedure's", async () => {
    const answered = refusals.length;
    for (const path of [`leads.${NAME}`, `${EMAIL}.list`, `leads.list,leads.${NAME}?batch=1`]) {
      expect((await call(encodeURIComponent(path), "query", {})).status).toBe(404);
    }
    // tRPC tells a caller the path that they sent; the log does not.
    refusals.length = answered;
    expectClean();
  });

  test("when a constraint quotes the row that it refuses", async () => {
    const { id } = await createLead("(41) 97766-5544");
    const other = await createLead("(11) 97766-5544");
    expect((await call("leads.update", "mutation", { id, version: 1, patch: { phone: "11 97766-5544" } })).body).toContain(
      "ALREADY_EXISTS",
    );
    await dataOf(call("leads.convert", "mutation", termsOf(id, "111.444.777-35")));
    const duplicate = await call("leads.convert", "mutation", termsOf(other.id, "11144477735"));
    expect(duplicate.body).toContain("ALREADY_EXISTS");
    expectClean();
  });

  const quoting = `invalid input syntax for type uuid: "${NAME}"`;
  const databaseFaults: Fault[] = [
    { kind: "reset-before" },
    { kind: "reset-after" },
    { kind: "garbage" },
    {
      kind: "status",
      status: 500,
      body: JSON.stringify({ message: `Console request failed for postgresql://u:canarinho@h/db` }),
    },
    { kind: "status", status: 400, body: JSON.stringify({ message: quoting, code: "22P02", detail: NAME, where: CPF }) },
    {
      kind: "status",
      status: 400,
      body: JSON.stringify({
        message: `new row violates check. Failing row contains (${NAME}, ${CPF}).`,
        code: "XX000",
        detail: `Key (email)=(${EMAIL}) already exists.`,
      }),
    },
  ];
  test.each(databaseFaults)("when the database fails: $kind $status $body", async (fault) => {
    const { bridge } = house.platform.database;
    // Once for the session and once for the work, then for all.
    bridge.faults.push({ ...fault });
    await callEverything();
    await postForms();
    await postWebhooks();
    bridge.faults.length = 0;
    await postWebhooks();
    const [pending] = await house.platform.database.query<{ id: string }>(
      "select id from jobs where status in ('pending', 'dead') and worker_group <> 'ingestion' order by created_at limit 1",
    );
    for (const skip of [0, 1, 2]) {
      bridge.faults.push({ ...fault, skip, times: 2 });
      if (pending !== undefined) await ringAgain(pending.id);
      bridge.faults.length = 0;
    }
    expectClean();
  });

  test.each<{ redis: Fault; qstash: Fault }>([
    { redis: { kind: "reset-before" }, qstash: { kind: "reset-before" } },
    { redis: { kind: "garbage" }, qstash: { kind: "garbage" } },
    {
      redis: {
        kind: "status",
        status: 400,
        body: JSON.stringify({ error: `ERR unknown command 'SETT', with args beginning with: '${NAME}' '${EMAIL}' ` }),
      },
      qstash: {
        kind: "status",
        status: 401,
        body: JSON.stringify({ error: "invalid token: Bearer eyJVc2VySUQiOiJjYW5hcmluaG8ifQ==" }),
      },
    },
    {
      redis: { kind: "status", status: 500, body: `<html>${NAME}</html>` },
      qstash: { kind: "status", status: 429, body: JSON.stringify({ error: `quota of ${EMAIL} exceeded` }) },
    },
  ])("when Redis and QStash fail: $redis.kind $qstash.status", async ({ redis, qstash }) => {
    house.platform.redis.faults.push(redis);
    house.platform.qstash.faults.push(qstash);
    await callEverything();
    await postForms();
    await postWebhooks();
    await ringEverything();
    // Both gone: the hand-over of a webhook fails, too.
    house.platform.database.bridge.faults.push({ kind: "reset-before" });
    await postWebhooks();
    expectClean();
  });

  const refusal = (code: string) => JSON.stringify({ errors: [{ code, description: `O CPF ${CPF} de ${NAME} é inválido` }] });
  test.each<Fault>([
    { kind: "status", status: 400, body: refusal("invalid_cpfCnpj") },
    { kind: "status", status: 400, body: refusal(`${NAME} ${CPF}`) },
    { kind: "status", status: 401, body: refusal("invalid_access_token"), headers: { "www-authenticate": `Bearer ${API_KEY}` } },
    { kind: "status", status: 302, headers: { location: `https://evil.example/?name=${encodeURIComponent(NAME)}` } },
    { kind: "status", status: 500, body: `<html>${NAME} ${CPF}</html>` },
    { kind: "status", status: 200, body: JSON.stringify({ object: "customer", id: 7, name: NAME, cpfCnpj: CPF }) },
    { kind: "garbage" },
    { kind: "reset-before" },
    { kind: "reset-after" },
  ])("when the provider fails: $kind $status $body", async (fault) => {
    const [job] = await jobsOf("finance.create-charge");
    await house.platform.database.query("delete from effects");
    for (const path of ["/customers", "/payments"]) {
      house.asaas.faults.push({ ...fault, path });
      expect(await ringAgain(job?.id ?? "")).toBeGreaterThanOrEqual(489);
      house.asaas.faults.length = 0;
      await house.platform.redis.flush();
    }
    const { owner: treasurer } = (await newTreasury()).members;
    const asked = toProvider().length;
    house.asaas.faults.push(fault);
    await dataOf(call("financial.account.test", "mutation", {}, { as: treasurer }));
    // Mostly of practices of their own, so that the failures of one do not keep the others from the provider.
    const jobs = await house.platform.database.query<{ id: string; name: string }>(
      `select distinct on (name) id, name from jobs
        where worker_group = 'finance' and mentorado_id not in ($1, $2) order by name, created_at desc`,
      [practice.mentoradoId, treasury.mentoradoId],
    );
    expect(jobs.length).toBeGreaterThan(9);
    // At once, because each waits between its own tries.
    await Promise.all(jobs.map(({ id }) => ringAgain(id)));
    expect(toProvider().length - asked).toBeGreaterThan(6);
    expectClean();
  });
});

describe("a log line", () => {
  test("is one JSON object with its time, its level and its event; beside it only QStash's client says what failed", () => {
    const isOfQstashClient = /^\[Upstash QStash\] (POST|GET|DELETE) \S+ failed /;
    const lines = logText()
      .split("\n")
      .filter((line) => !isOfQstashClient.test(line));
    expect(lines.length).toBeGreaterThan(500);
    for (const line of lines) {
      expect(JSON.parse(line), line).toMatchObject({
        ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: expect.stringMatching(/^(info|warn|error)$/),
        event: expect.stringMatching(/^[a-z]+(\.[a-z_-]+)+$/),
      });
    }
  });

  test("of every part of one act has the request id of the one who began it, as far as the provider", async () => {
    const requestId = `act-${uuidv7()}`;
    const { id } = await createLead("(21) 97766-5544");
    await dataOf(call("leads.convert", "mutation", termsOf(id, "123.456.789-09"), { requestId }));
    const job = (await jobsOf("finance.create-charge")).find((each) => each.request_id === requestId);
    // QStash rings as soon as the conversion is committed.
    const linesOfAct = () => house.platform.logs().filter((line) => line.requestId === requestId);
    await expect.poll(() => linesOfAct().map(({ event }) => event), { timeout: 10_000 }).toContain("job.answered");
    const lines = linesOfAct();
    const events = lines.map(({ worker, event, operation }) => [worker, event, operation].filter(Boolean).join(" "));
    expect(events).toEqual(
      expect.arrayContaining([
        "edge request.answered",
        "crm procedure.answered",
        "finance job.answered",
        "finance provider.called createCustomer",
        "finance provider.called createPayment",
        "finance provider.called getPixQrCode",
      ]),
    );
    expect(lines.find(({ event }) => event === "job.answered")).toMatchObject({
      jobId: job?.id,
      job: "finance.create-charge",
      mentoradoId: practice.mentoradoId,
      outcome: "done",
    });
  });
});
