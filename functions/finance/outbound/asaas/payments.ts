import * as z from "zod";
import { orNull, saoPauloTime, textOrNull } from "../../events/asaas-reading.ts";
import { reaisFromCents } from "../../reais.ts";
import { type AsaasClient, idPart, listOf, MAX_PAGE } from "./client.ts";
import { type AsaasPayment, asaasPaymentSnapshot, BILLING_TYPES, type BillingType } from "./payment.ts";

export interface PaymentCalls {
  /** @returns the payment with our reference that is not removed; undefined when there is none. */
  findPayment(input: { externalReference: string }): Promise<AsaasPayment | undefined>;
  /** An unknown id is refused with provider status 404; a removed payment is answered, and says so. */
  getPayment(id: string): Promise<AsaasPayment>;
  /**
   * A page of the account's payments that are not removed, newest first. Days are `YYYY-MM-DD`, both ends included. Items move between
   * pages while payments are made.
   *
   * @throws RangeError unless `offset` is not negative and `limit` is from 1 to 100.
   */
  listPayments(input: {
    offset: number;
    limit: number;
    dateCreatedFrom?: string | undefined;
    dueDateFrom?: string | undefined;
    dueDateTo?: string | undefined;
    /** Asaas' id of a subscription. */
    subscriptionId?: string | undefined;
  }): Promise<AsaasPaymentPage>;
  createPayment(input: {
    customerId: string;
    billingType: BillingType;
    amountCents: number;
    /** `YYYY-MM-DD`, not in the past. */
    dueDate: string;
    description?: string | undefined;
    externalReference: string;
  }): Promise<AsaasPayment>;
  /** Removes an unpaid payment; one that is removed already is done. One that is paid is refused. */
  cancelPayment(id: string): Promise<void>;
  /**
   * Gives money back out of the account's balance, which must hold it with the fee that is not given back. PIX wholly or in parts, a
   * card wholly; a boleto is refused. Without `amountCents`, all that is left. Asked twice it is given twice, so count the payment's
   * refunds before and after.
   */
  refundPayment(input: { id: string; amountCents?: number | undefined; description?: string | undefined }): Promise<AsaasPayment>;
  /** Marks an unpaid payment as paid past Asaas, with what was paid; nobody is notified. `paymentDate` is `YYYY-MM-DD`. */
  receiveInCash(input: { id: string; amountCents: number; paymentDate: string }): Promise<AsaasPayment>;
  /** Takes back `receiveInCash`: the payment is open again. */
  undoReceivedInCash(id: string): Promise<AsaasPayment>;
  /** @returns the text that the payer copies into a bank's app, and when it ends (ISO 8601; null while Asaas does not say). */
  getPixQrCode(id: string): Promise<{ payload: string; expiresAt: string | null }>;
  /** @returns the digits that the payer types (47) and those of the bar code (44). A payment that is no boleto is refused. */
  getBoletoLine(id: string): Promise<{ line: string; barCode: string | null }>;
}

export interface AsaasPaymentPage {
  items: AsaasPayment[];
  hasMore: boolean;
  /** Of all pages. */
  totalCount: number;
}

export function paymentCalls({ read, post, remove }: AsaasClient): PaymentCalls {
  const getPayment: PaymentCalls["getPayment"] = (id) =>
    read({ operation: "getPayment", path: pathOf(id), answer: asaasPaymentSnapshot });
  return {
    async findPayment({ externalReference }) {
      const query = { externalReference, limit: String(MAX_PAGE) };
      const { data } = await read({ operation: "findPayment", path: "/payments", query, answer: listOf(asaasPaymentSnapshot) });
      // Compared again here: had the filter been ignored, a stranger's payment would be taken for ours.
      return data.find((payment) => payment.externalReference === externalReference && !payment.isDeleted);
    },
    getPayment,
    listPayments: (input) => read({ operation: "listPayments", path: "/payments", query: listQuery(input), answer: paymentPage }),
    createPayment({ customerId, billingType, amountCents, dueDate, description, externalReference }) {
      const value = reaisFromCents(amountCents);
      const type = BILLING_TYPES[billingType];
      const body = { customer: customerId, billingType: type, value, dueDate, description, externalReference };
      return post({ operation: "createPayment", path: "/payments", body, answer: asaasPaymentSnapshot });
    },
    cancelPayment: (id) =>
      remove({
        operation: "cancelPayment",
        path: pathOf(id),
        isRemoved: async () => (await getPayment(id)).isDeleted,
      }),
    refundPayment({ id, amountCents, description }) {
      const body = { ...(amountCents === undefined ? {} : { value: reaisFromCents(amountCents) }), description };
      return post({ operation: "refundPayment", path: `${pathOf(id)}/refund`, body, answer: asaasPaymentSnapshot });
    },
    receiveInCash({ id, amountCents, paymentDate }) {
      const body = { paymentDate, value: reaisFromCents(amountCents), notifyCustomer: false };
      return post({ operation: "receiveInCash", path: `${pathOf(id)}/receiveInCash`, body, answer: asaasPaymentSnapshot });
    },
    undoReceivedInCash: (id) =>
      post({ operation: "undoReceivedInCash", path: `${pathOf(id)}/undoReceivedInCash`, answer: asaasPaymentSnapshot }),
    getPixQrCode: (id) => read({ operation: "getPixQrCode", path: `${pathOf(id)}/pixQrCode`, answer: pixQrCode }),
    getBoletoLine: (id) => read({ operation: "getBoletoLine", path: `${pathOf(id)}/identificationField`, answer: boletoLine }),
  };
}

function pathOf(id: string): string {
  return `/payments/${idPart(id)}`;
}

function listQuery(input: Parameters<PaymentCalls["listPayments"]>[0]): Record<string, string> {
  const { offset, limit, dateCreatedFrom, dueDateFrom, dueDateTo, subscriptionId } = input;
  if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError("Not an offset");
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) throw new RangeError("Not a size of a page");
  const filters = {
    "dateCreated[ge]": dateCreatedFrom,
    "dueDate[ge]": dueDateFrom,
    "dueDate[le]": dueDateTo,
    subscription: subscriptionId,
  };
  const asked = Object.entries(filters).filter((filter): filter is [string, string] => filter[1] !== undefined);
  return { offset: String(offset), limit: String(limit), ...Object.fromEntries(asked) };
}

const paymentPage = z
  .looseObject({ data: z.array(asaasPaymentSnapshot), hasMore: z.boolean(), totalCount: z.int().nonnegative() })
  .transform(({ data, hasMore, totalCount }): AsaasPaymentPage => ({ items: data, hasMore, totalCount }));

const pixQrCode = z
  .looseObject({ payload: z.string(), expirationDate: orNull(saoPauloTime) })
  .transform(({ payload, expirationDate }) => ({ payload, expiresAt: expirationDate }));

const boletoLine = z
  .looseObject({ identificationField: z.string(), barCode: textOrNull })
  .transform(({ identificationField, barCode }) => ({ line: identificationField, barCode }));
