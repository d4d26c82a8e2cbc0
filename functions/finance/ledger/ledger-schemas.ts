import * as z from "zod";
import { pageInput } from "../../../shared/db/keyset.ts";
import { instantInput } from "../../../shared/trpc/instant-input.ts";

/** As it was known then. */
const at = instantInput;

export const listLedgerInput = pageInput.extend({ chargeId: z.uuid().optional(), at: at.optional() }).prefault({});
export type ListLedgerInput = z.output<typeof listLedgerInput>;

export const ledgerBalancesInput = z.object({ at: at.optional() }).prefault({});
export type LedgerBalancesInput = z.output<typeof ledgerBalancesInput>;

/** By seq, not by id: a chain is read in its order. */
export const exportLedgerInput = z
  .object({ limit: z.int().min(1).max(1_000).default(500), cursor: z.int().min(0).optional() })
  .prefault({});
export type ExportLedgerInput = z.output<typeof exportLedgerInput>;
