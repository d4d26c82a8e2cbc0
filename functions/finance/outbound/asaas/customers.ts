import * as z from "zod";
import { textOrNull } from "../../events/asaas-reading.ts";
import { type AsaasClient, listOf, MAX_PAGE } from "./client.ts";

export interface AsaasCustomer {
  id: string;
  externalReference: string | null;
}

export interface CustomerCalls {
  /** @returns the customer with our reference; undefined when there is none. */
  findCustomer(input: { externalReference: string }): Promise<AsaasCustomer | undefined>;
  /** Asaas writes nothing to the customer by itself: reminders are ours. `phone` is E.164. */
  createCustomer(input: {
    name: string;
    /** CPF or CNPJ without its mask. */
    taxId: string;
    email?: string | undefined;
    phone?: string | undefined;
    externalReference: string;
  }): Promise<AsaasCustomer>;
}

export function customerCalls({ read, post }: AsaasClient): CustomerCalls {
  return {
    async findCustomer({ externalReference }) {
      const query = { externalReference, limit: String(MAX_PAGE) };
      const { data } = await read({ operation: "findCustomer", path: "/customers", query, answer: listOf(customerAnswer) });
      return data.find((customer) => customer.externalReference === externalReference && !customer.isDeleted);
    },
    createCustomer({ name, taxId, email, phone, externalReference }) {
      const body = { name, cpfCnpj: taxId, email, ...phoneFields(phone), externalReference, notificationDisabled: true };
      return post({ operation: "createCustomer", path: "/customers", body, answer: customerAnswer });
    },
  };
}

const customerAnswer = z
  .looseObject({ id: z.string(), externalReference: textOrNull, deleted: z.boolean().nullish() })
  .transform(({ id, externalReference, deleted }) => ({ id, externalReference, isDeleted: deleted === true }));

/** Asaas takes Brazilian numbers without country code, mobile and landline apart; a foreign number is left out. */
function phoneFields(phone: string | undefined): { mobilePhone?: string; phone?: string } {
  const [, national] = /^\+55(\d{10,11})$/.exec(phone ?? "") ?? [];
  if (national === undefined) return {};
  return national.length === 11 ? { mobilePhone: national } : { phone: national };
}
