import { isDate } from "./sao-paulo-time.ts";
import { type Account, type BillingType, type Problem, toCents } from "./wire.ts";

const BILLING_TYPES: BillingType[] = ["BOLETO", "CREDIT_CARD", "PIX", "UNDEFINED"];
const MIN_VALUE_CENTS = 500;

interface Terms {
  body: Record<string, unknown>;
  /** Under which name the body says when it is due: a charge and a subscription differ in that. */
  dateField: "dueDate" | "nextDueDate";
}

/** @returns what a new charge or subscription lacks. */
export function missingTerms({ account, body, dateField }: Terms & { account: Account }): Problem[] {
  const problems: Problem[] = [];
  if (!account.customers.some(({ id }) => id === body.customer)) {
    problems.push({ code: "invalid_customer", description: "Customer inválido ou não informado" });
  }
  if (body.billingType === undefined) {
    problems.push({ code: "invalid_billingType", description: "Informe a forma de pagamento" });
  }
  if (body[dateField] === undefined) {
    problems.push({ code: `invalid_${dateField}`, description: `O campo ${dateField} deve ser informado` });
  }
  return problems;
}

/** @returns what is wrong with the terms that the body has. @param today in São Paulo. */
export function wrongTerms({ body, dateField, today }: Terms & { today: string }): Problem[] {
  const { value, billingType, [dateField]: dueDate } = body;
  const problems: Problem[] = [];
  if (value !== undefined) problems.push(...wrongValue(toCents(value)));
  if (dueDate !== undefined && !isDate(dueDate)) {
    problems.push({ code: `invalid_${dateField}`, description: "A data de vencimento é inválida" });
  } else if (isDate(dueDate) && dueDate < today) {
    problems.push({ code: `invalid_${dateField}`, description: "A data de vencimento não pode ser inferior à hoje" });
  }
  if (billingType !== undefined && !BILLING_TYPES.includes(billingType as BillingType)) {
    problems.push({ code: "invalid_billingType", description: "Forma de pagamento inválida" });
  }
  return problems;
}

/** @param cents undefined for what is no amount. */
export function wrongValue(cents: number | undefined): Problem[] {
  if (cents === undefined) return [{ code: "invalid_value", description: "O campo value deve ser informado" }];
  if (cents >= MIN_VALUE_CENTS) return [];
  return [{ code: "invalid_value", description: "O valor da cobrança não pode ser menor que R$ 5,00" }];
}
