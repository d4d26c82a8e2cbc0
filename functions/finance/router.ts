import { mentoradoProcedure, router } from "../../shared/trpc/procedures.ts";
import { byId, listChargesInput, listLedgerInput } from "./schemas.ts";
import { getCharge } from "./services/get-charge.ts";
import { listCharges } from "./services/list-charges.ts";
import { listLedger } from "./services/list-ledger.ts";

export const financeRouter = router({
  financial: {
    charges: {
      list: mentoradoProcedure("finance.read").input(listChargesInput).query(listCharges),
      getById: mentoradoProcedure("finance.read").input(byId).query(getCharge),
    },
    ledger: {
      list: mentoradoProcedure("finance.read").input(listLedgerInput).query(listLedger),
    },
  },
});
