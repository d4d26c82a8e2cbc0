import type { mergeRouters } from "../../shared/trpc/procedures.ts";
import type { accountsRouter } from "../accounts/router.ts";
import type { createCrmRouter } from "../crm/router.ts";
import type { createFinanceRouter } from "../finance/router.ts";
import type { patternsRouter } from "../patterns/router.ts";

/** Every procedure of the platform, for clients: `createTRPCClient<AppRouter>(…)`. Types only: the edge runs no group's code. */
export type AppRouter = ReturnType<
  typeof mergeRouters<
    [typeof accountsRouter, ReturnType<typeof createCrmRouter>, ReturnType<typeof createFinanceRouter>, typeof patternsRouter]
  >
>;
