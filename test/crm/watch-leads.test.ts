import { createTRPCClient, httpSubscriptionLink } from "@trpc/client";
import { EventSource } from "eventsource";
import { v7 as uuidv7 } from "uuid";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createCallerFactory, type RequestContext } from "../../shared/trpc/procedures.ts";
import { serveTrpc, TRPC_ENDPOINT } from "../../shared/trpc/serve-trpc.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { serveFetch } from "../edge/support/serve-fetch.ts";
import { type Member, type Platform, startPlatform } from "../support/platform.ts";
import { type CrmRouter, openPractice, type Practice } from "./support/open-practice.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterEach(() => void vi.useRealTimers());
afterAll(() => platform.close());

const A_MINUTE_AGO = () => new Date(Date.now() - 60_000).toISOString();

/** A lead that came a while ago, so that it is settled; `id` when its place in the order matters. */
async function insertLead(
  practice: Practice,
  { id = uuidv7(), createdAt = A_MINUTE_AGO(), assignedTo = null as string | null } = {},
) {
  await insertRow(platform.database, "leads", {
    mentorado_id: practice.mentoradoId,
    id,
    name: "Ana",
    assigned_to: assignedTo,
    created_at: createdAt,
  });
  return id;
}

/** Lets the leads of a practice grow old enough to be shown. */
async function settle({ mentoradoId }: Practice): Promise<void> {
  await platform.database.query(
    "update leads set created_at = $2 from set_config('app.actor_type', 'system', true) where mentorado_id = $1",
    [mentoradoId, A_MINUTE_AGO()],
  );
}

/** A browser that listens over HTTP, with the client that browsers use. */
async function listen({ practice, member, lastEventId }: { practice: Practice; member: Member; lastEventId?: string }) {
  const server = await serveFetch((request) =>
    serveTrpc({
      request,
      caller: platform.caller(member),
      router: practice.router,
      kernel: practice.kernel,
      waitUntil: () => undefined,
    }),
  );
  const client = createTRPCClient<CrmRouter>({
    links: [httpSubscriptionLink({ url: `${server.url}${TRPC_ENDPOINT}`, EventSource })],
  });
  const seen: string[] = [];
  const started = Promise.withResolvers<void>();
  const subscription = client.leads.watch.subscribe(lastEventId === undefined ? {} : { lastEventId }, {
    onStarted: () => started.resolve(),
    onData: ({ id, data }) => {
      expect(id).toBe(data.id);
      seen.push(id);
    },
    onError: started.reject,
  });
  await started.promise;
  return {
    seen,
    async leave() {
      subscription.unsubscribe();
      await server.close();
    },
  };
}

test("whoever watches gets each new lead once, in order, and none that was there before", async () => {
  const practice = await openPractice(platform);
  const { member } = await practice.join("owner");
  await insertLead(practice);
  const requests = () => platform.database.requests.count();
  const before = requests();
  const browser = await listen({ practice, member });
  // The session, the newest lead of before, the first look.
  await expect.poll(() => requests() - before).toBeGreaterThanOrEqual(3);
  const first = await insertLead(practice);
  await expect.poll(() => browser.seen, { timeout: 10_000 }).toEqual([first]);
  const second = await insertLead(practice);
  const third = await insertLead(practice);
  await expect.poll(() => browser.seen, { timeout: 10_000 }).toEqual([first, second, third]);
  await browser.leave();
});

test("whoever comes back goes on after the last lead they saw", async () => {
  const practice = await openPractice(platform);
  const { member } = await practice.join("owner");
  const ids = [await insertLead(practice), await insertLead(practice), await insertLead(practice)];
  const browser = await listen({ practice, member, lastEventId: ids[0] ?? "" });
  await expect.poll(() => browser.seen, { timeout: 10_000 }).toEqual(ids.slice(1));
  await browser.leave();
});

test("a lead whose id is older but whose transaction ends later is not passed over", async () => {
  const practice = await openPractice(platform);
  const { member } = await practice.join("owner");
  const start = await insertLead(practice);
  const [late, early] = [uuidv7(), uuidv7()];
  const browser = await listen({ practice, member, lastEventId: start });
  await insertLead(practice, { id: early, createdAt: new Date().toISOString() });
  const { requests } = platform.database;
  const before = requests.count();
  await expect.poll(() => requests.count(), { timeout: 10_000 }).toBeGreaterThan(before);
  expect(browser.seen).toEqual([]);
  await insertLead(practice, { id: late, createdAt: new Date().toISOString() });
  await settle(practice);
  await expect.poll(() => browser.seen, { timeout: 10_000 }).toEqual([late, early]);
  await browser.leave();
});

test("sales are told of their own and of unassigned leads alone", async () => {
  const practice = await openPractice(platform);
  const [ana, bia] = await Promise.all([practice.join("sales"), practice.join("sales")]);
  const start = await insertLead(practice);
  const anas = await insertLead(practice, { assignedTo: ana.member.userId });
  const nobodys = await insertLead(practice);
  const browser = await listen({ practice, member: bia.member, lastEventId: start });
  await expect.poll(() => browser.seen, { timeout: 10_000 }).toEqual([nobodys]);
  expect(browser.seen).not.toContain(anas);
  await browser.leave();
});

test("watching ends at once when the client goes, also between two looks", async () => {
  const practice = await openPractice(platform);
  const { member } = await practice.join("owner");
  const { connection, cache, doorbell, memory, log, newId } = practice.kernel;
  const context: RequestContext = {
    caller: platform.caller(member),
    connection,
    cache,
    doorbell,
    memory,
    log,
    newId,
    now: new Date(),
    waitUntil: () => undefined,
  };
  const client = new AbortController();
  const caller = createCallerFactory(practice.router)(context, { signal: client.signal });
  const start = await insertLead(practice);
  const lead = await insertLead(practice);
  const watched = (await caller.leads.watch({ lastEventId: start }))[Symbol.asyncIterator]();
  expect((await watched.next()).value).toMatchObject([lead, { id: lead }, expect.anything()]);
  // A pause that the client's leaving does not end would now never end.
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const next = watched.next();
  const { requests } = platform.database;
  await expect.poll(() => vi.getTimerCount()).toBe(1);
  client.abort();
  expect(await next).toEqual({ done: true, value: undefined });
  vi.useRealTimers();
  const before = requests.count();
  expect(await watched.next()).toEqual({ done: true, value: undefined });
  expect(requests.count()).toBe(before);
});
