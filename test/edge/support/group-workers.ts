import { initTRPC, TRPCError, tracked } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import * as z from "zod";
import type { GroupName, Groups } from "../../../functions/edge/groups.ts";
import type { Caller, GroupWorker } from "../../../shared/trpc/caller.ts";

interface Context {
  caller: Caller;
  gate: Gate;
}

/** Holds procedures back until the test lets them go, and tells what became of a subscription. */
export interface Gate {
  open: PromiseWithResolvers<void>;
  aborted: PromiseWithResolvers<void>;
}

/** A group Worker that keeps what it was handed. */
export interface TestGroup extends GroupWorker {
  seen: { request: Request; caller?: Caller }[];
}

const t = initTRPC.context<Context>().create({
  isDev: false,
  errorFormatter: ({ shape, error, ctx }) => ({
    message: shape.message,
    code: shape.code,
    data: { ...shape.data, errorCode: error.code, requestId: ctx?.caller.requestId },
  }),
});

const leads = t.router({
  whoami: t.procedure.query(({ ctx }) => ctx.caller),
  list: t.procedure.input(z.object({ limit: z.number() }).optional()).query(({ input }) => ({ limit: input?.limit ?? 20 })),
  create: t.procedure
    .input(z.object({ name: z.string() }))
    .mutation(({ input, ctx }) => ({ created: input.name, key: ctx.caller.idempotencyKey ?? null })),
  createPublic: t.procedure
    .input(z.looseObject({ name: z.string() }))
    .mutation(({ input, ctx }) => ({ input, by: ctx.caller.identity })),
  forbidden: t.procedure.query(() => {
    throw new TRPCError({ code: "FORBIDDEN", message: "You are not allowed to do this" });
  }),
  parts: t.procedure.query(async function* () {
    yield 1;
    yield 2;
  }),
  ticks: t.procedure.input(z.object({ lastEventId: z.string() }).optional()).subscription(async function* ({
    signal,
    ctx,
    input,
  }) {
    signal?.addEventListener("abort", () => ctx.gate.aborted.resolve());
    const first = Number(input?.lastEventId ?? 0) + 1;
    yield tracked(String(first), first);
    yield tracked(String(first + 1), first + 1);
    await Promise.race([ctx.gate.open.promise, ctx.gate.aborted.promise]);
  }),
});

const financial = t.router({
  stats: t.procedure.input(z.object({ month: z.string() })).query(({ input }) => ({ month: input.month, cents: 990 })),
  slow: t.procedure.query(async ({ ctx }) => {
    await ctx.gate.open.promise;
    return "late";
  }),
  pay: t.procedure.input(z.object({ cents: z.number() })).mutation(({ input }) => ({ paid: input.cents })),
});

const users = t.router({ me: t.procedure.query(({ ctx }) => ctx.caller.identity) });

const routers = { accounts: t.router({ users }), crm: t.router({ leads }), finance: t.router({ financial }) };
const appRouter = t.router({ leads, financial, users });
export type TestRouter = typeof appRouter;

export function createGate(): Gate {
  return { open: Promise.withResolvers(), aborted: Promise.withResolvers() };
}

/** Real tRPC servers in the places of the group Workers. `replace` puts a misbehaving one in. */
export function createGroups({
  gate,
  replace = {},
}: {
  gate: Gate;
  replace?: { [Group in GroupName]?: Partial<GroupWorker> };
}): Groups & {
  crm: TestGroup;
  finance: TestGroup;
  patterns: TestGroup;
  accounts: TestGroup;
  ingestion: TestGroup;
  webhooks: TestGroup;
  scheduler: TestGroup;
} {
  const groups = {
    accounts: createGroup({ router: routers.accounts, gate }),
    crm: createGroup({ router: routers.crm, gate }),
    finance: createGroup({ router: routers.finance, gate }),
    patterns: createGroup({ router: t.router({}), gate }),
    ingestion: createGroup({ router: t.router({}), gate }),
    webhooks: createGroup({ router: t.router({}), gate }),
    scheduler: createGroup({ router: t.router({}), gate }),
  };
  for (const [name, group] of Object.entries(replace)) {
    Object.assign(groups[name as keyof typeof groups], group);
  }
  return groups;
}

function createGroup({
  router,
  gate,
}: {
  router: (typeof routers)[keyof typeof routers] | ReturnType<typeof t.router>;
  gate: Gate;
}): TestGroup {
  const seen: TestGroup["seen"] = [];
  return {
    seen,
    trpc(request, caller) {
      seen.push({ request, caller });
      return fetchRequestHandler({
        endpoint: "/api/trpc",
        req: request,
        router,
        maxBatchSize: 10,
        createContext: () => ({ caller, gate }),
      });
    },
    async fetch(request) {
      seen.push({ request });
      const body = new Uint8Array(await request.clone().arrayBuffer());
      return new Response(body, { status: 202, headers: { "x-group": "answered", "x-seen-url": request.url } });
    },
    ready: async () => ({ database: "up" }),
  };
}
