import { json, type WireAnswer } from "../http-server.ts";
import type { Call } from "./call.ts";
import { saoPauloDate } from "./sao-paulo-time.ts";
import { personTypeOf, unmask } from "./tax-id.ts";
import { type Customer, listPage, notFound, type Problem, refuse } from "./wire.ts";

/** `POST /v3/customers`: duplicates are accepted, as at Asaas. @see https://docs.asaas.com/reference/criar-novo-cliente */
export function createCustomer({ account, body, now, nextNumber }: Call): WireAnswer {
  const name = text(body.name);
  const cpfCnpj = unmask(text(body.cpfCnpj) ?? "");
  const personType = personTypeOf(cpfCnpj);
  const problems: Problem[] = [];
  if (name === null) problems.push({ code: "invalid_name", description: "O campo name deve ser informado" });
  if (cpfCnpj === "") problems.push({ code: "invalid_cpfCnpj", description: "O campo cpfCnpj deve ser informado" });
  else if (personType === undefined) {
    problems.push({ code: "invalid_cpfCnpj", description: "O CPF ou CNPJ informado é inválido" });
  }
  if (name === null || personType === undefined) return refuse(400, ...problems);
  const customer: Customer = {
    object: "customer",
    id: `cus_${String(nextNumber()).padStart(12, "0")}`,
    dateCreated: saoPauloDate(now()),
    name,
    email: text(body.email),
    company: text(body.company),
    phone: text(body.phone),
    mobilePhone: text(body.mobilePhone),
    address: text(body.address),
    addressNumber: text(body.addressNumber),
    complement: text(body.complement),
    province: text(body.province),
    postalCode: text(body.postalCode),
    cpfCnpj,
    personType,
    deleted: false,
    additionalEmails: text(body.additionalEmails),
    externalReference: text(body.externalReference),
    notificationDisabled: body.notificationDisabled === true,
    observations: text(body.observations),
  };
  account.customers.push(customer);
  return json(200, customer);
}

export function getCustomer({ account, id }: Call): WireAnswer {
  const customer = account.customers.find((each) => each.id === id);
  return customer === undefined ? notFound("Cliente") : json(200, customer);
}

/** `GET /v3/customers`, filtered by `externalReference` and `cpfCnpj`; newest first. */
export function listCustomers({ account, query }: Call): WireAnswer {
  const externalReference = query.get("externalReference");
  const cpfCnpj = query.get("cpfCnpj");
  const items = account.customers
    .filter((customer) => externalReference === null || customer.externalReference === externalReference)
    .filter((customer) => cpfCnpj === null || customer.cpfCnpj === unmask(cpfCnpj))
    .reverse();
  return listPage({ items, query });
}

function text(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value : null;
}
