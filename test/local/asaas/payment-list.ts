import type { WireAnswer } from "../http-server.ts";
import type { Call } from "./call.ts";
import { isDate } from "./sao-paulo-time.ts";
import { listPage, type Payment, type Problem, refuse } from "./wire.ts";

const EQUAL = [
  "externalReference",
  "customer",
  "subscription",
  "installment",
  "billingType",
  "status",
  "paymentDate",
  "estimatedCreditDate",
] as const;
const BETWEEN = ["dateCreated", "dueDate", "paymentDate", "estimatedCreditDate"] as const;

/**
 * `GET /v3/payments`: newest first, without the deleted ones. `dueDate[ge]` and `dueDate[le]` (and so for the other dates) include
 * their day. As at Asaas, a filter that it does not know is ignored.
 *
 * @see https://docs.asaas.com/reference/listar-cobrancas
 */
export function listPayments({ account, query }: Pick<Call, "account" | "query">): WireAnswer {
  const problems = wrongDates(query);
  if (problems.length > 0) return refuse(400, ...problems);
  const items = account.payments
    .filter(({ deleted }) => !deleted)
    .filter((payment) => EQUAL.every((name) => !query.has(name) || payment[name] === query.get(name)))
    .filter((payment) => BETWEEN.every((name) => isWithin(payment[name], query.get(`${name}[ge]`), query.get(`${name}[le]`))))
    .reverse();
  return listPage({ items, query });
}

/** A day that is not there lies between no two days. */
function isWithin(day: Payment["paymentDate"], from: string | null, to: string | null): boolean {
  if (day === null) return from === null && to === null;
  return (from === null || day >= from) && (to === null || day <= to);
}

function wrongDates(query: URLSearchParams): Problem[] {
  return BETWEEN.flatMap((name) => [`${name}[ge]`, `${name}[le]`])
    .filter((filter) => query.has(filter) && !isDate(query.get(filter)))
    .map((filter) => ({ code: `invalid_${filter}`, description: `O filtro ${filter} deve ser uma data no formato yyyy-MM-dd` }));
}
