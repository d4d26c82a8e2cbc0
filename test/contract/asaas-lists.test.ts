import { describe, expect, it } from "vitest";
import type { Payment } from "../local/asaas/wire.ts";
import type { Asaas } from "../local/asaas.ts";
import { asaasWith, call, closeAfterEach, errorCodes, newPayment, type Page } from "./support/asaas-stage.ts";

closeAfterEach();

/** Charges by name, made and due on different days, of which the first is received on the last day. */
async function aMonth(): Promise<{ asaas: Asaas; names: (query: string) => Promise<string[]> }> {
  let now = new Date("2026-03-01T15:00:00Z");
  const asaas = await asaasWith({ now: () => now });
  let first = "";
  for (const [name, day, dueDate, billingType] of [
    ["a", "01", "2026-03-10", "PIX"],
    ["b", "02", "2026-03-20", "BOLETO"],
    ["c", "03", "2026-03-20", "PIX"],
    ["d", "04", "2026-03-31", "PIX"],
  ] as const) {
    now = new Date(`2026-03-${day}T15:00:00Z`);
    const { id } = await newPayment(asaas, { description: name, dueDate, billingType });
    first ||= id;
  }
  now = new Date("2026-03-09T15:00:00Z");
  asaas.pay({ paymentId: first, via: "pix" });
  const names = async (query: string) => {
    const { data } = (await call<Page<Payment>>(asaas, "GET", `/payments?${query}`)).body;
    return data.map(({ description }) => description ?? "");
  };
  return { asaas, names };
}

describe("the list of charges", () => {
  it("is cut by days, both ends included, and every filter must hold", async () => {
    const { names } = await aMonth();
    const expected: [query: string, names: string[]][] = [
      ["dueDate[ge]=2026-03-20", ["d", "c", "b"]],
      ["dueDate[le]=2026-03-20", ["c", "b", "a"]],
      ["dueDate[ge]=2026-03-11&dueDate[le]=2026-03-20", ["c", "b"]],
      ["dueDate%5Bge%5D=2026-03-11&dueDate%5Ble%5D=2026-03-20", ["c", "b"]],
      ["dueDate[ge]=2026-04-01", []],
      ["dateCreated[ge]=2026-03-03", ["d", "c"]],
      ["dateCreated[le]=2026-03-02", ["b", "a"]],
      ["paymentDate[ge]=2026-03-09", ["a"]],
      ["paymentDate[le]=2026-03-09", ["a"]],
      ["paymentDate[le]=2026-03-08", []],
      ["paymentDate=2026-03-09", ["a"]],
      ["estimatedCreditDate[ge]=2026-03-01", ["a"]],
      ["billingType=PIX&status=PENDING&dueDate[le]=2026-03-31", ["d", "c"]],
      ["billingType=BOLETO&dueDate[ge]=2026-03-21", []],
    ];
    for (const [query, found] of expected) expect([query, await names(query)]).toEqual([query, found]);
  });

  it("keeps one order, so that pages hold each charge once", async () => {
    const { asaas, names } = await aMonth();
    const pages = [];
    for (const offset of [0, 1, 2, 3]) pages.push(...(await names(`limit=1&offset=${offset}`)));
    expect(pages).toEqual(["d", "c", "b", "a"]);
    const beyond = await call(asaas, "GET", "/payments?offset=4");
    expect(beyond.body).toEqual({ object: "list", hasMore: false, totalCount: 4, limit: 10, offset: 4, data: [] });
    expect((await call(asaas, "GET", "/payments?dueDate[ge]=2026-03-20&limit=2")).body).toMatchObject({
      hasMore: true,
      totalCount: 3,
    });
  });

  it("gives ten at once unless asked, a hundred at most, and refuses what is no page", async () => {
    const asaas = await asaasWith();
    for (let made = 0; made < 9; made += 1) {
      await newPayment(asaas, { value: undefined, installmentCount: 12, installmentValue: 20 });
    }
    const page = async (query: string) => {
      const { body } = await call<Page<Payment>>(asaas, "GET", `/payments?${query}`);
      return [body.data.length, body.limit, body.hasMore, body.totalCount];
    };
    expect(await page("")).toEqual([10, 10, true, 108]);
    expect(await page("limit=100")).toEqual([100, 100, true, 108]);
    expect(await page("limit=1000")).toEqual([100, 100, true, 108]);
    expect(await page("limit=100&offset=100")).toEqual([8, 100, false, 108]);
    for (const [query, code] of [
      ["limit=0", "invalid_limit"],
      ["limit=ten", "invalid_limit"],
      ["offset=-1", "invalid_offset"],
    ]) {
      expect(errorCodes(await call(asaas, "GET", `/payments?${query}`))).toEqual([code]);
    }
  });

  it("refuses a day that is none, and ignores a filter that it does not know", async () => {
    const { asaas, names } = await aMonth();
    const wrong = await call(asaas, "GET", "/payments?dueDate[ge]=20/03/2026&paymentDate[le]=2026-02-30");
    expect([wrong.status, ...errorCodes(wrong)]).toEqual([400, "invalid_dueDate[ge]", "invalid_paymentDate[le]"]);
    expect(await names("colour=red")).toEqual(["d", "c", "b", "a"]);
  });
});
