import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeError, scrub } from "../../shared/log/scrub.ts";

describe("what must not be logged is replaced", () => {
  test.each([
    ["ana.prado+x@example.com.br"],
    ["joão.d'ávila@exemplo.com"],
    ["ana%40example.com"],
    ["(41) 98888-7777"],
    ["(41)98888-7777"],
    ["41 98888-7777"],
    ["41-98888-7777"],
    ["41 98888 7777"],
    ["41.98888.7777"],
    ["41988887777"],
    ["5541988887777"],
    ["+5541988887777"],
    ["+55 41 98888-7777"],
    ["+55 (41) 98888-7777"],
    ["+55 41 98888–7777"],
    ["98888-7777"],
    ["(41) 3333-4444"],
    ["4133334444"],
    ["+1 415 555 2671"],
    ["+1-415-555-2671"],
    ["529.982.247-25"],
    ["529 982 247 25"],
    ["529982247-25"],
    ["52998224725"],
    ["11.222.333/0001-81"],
    ["11222333000181"],
    ["11222333/0001-81"],
    ["12.ABC.345/01DE-35"],
    ["12.abc.345/01de-35"],
    ["12ABC34501DE35"],
    ["postgres://guilda:hunter2@db.example.com/guilda?sslmode=require"],
    ["postgresql://guilda@db.example.com"],
    ["rediss://default:hunter2@eu1.upstash.io:6379"],
    ["https://user:hunter2@example.com/path"],
    ["eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2lnbmF0dXJl"],
    ["eyJVc2VySUQiOiIzNDU2IiwiUGFzc3dvcmQiOiJ4In0="],
    ["sk_test_51HabcDEF"],
    ["sig_7YoJxFpwkEy5zBp378JgvD5d"],
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    ["$aact_hmlg_000MzkwODA2MWY2OGM3MWRlMDU2NWM3MzJlNzZmNGZhZGY6OjA"],
  ])("%s", (secret) => {
    for (const text of [secret, `before ${secret} after`, `"${secret}"`, `value=${secret};`, `(${secret})`, `tel:${secret}\n`]) {
      const clean = scrub(text);
      expect(clean).toMatch(/\[(email|number|cnpj|secret|connection)\]/);
      for (const part of secret.split(/[\s()]+/).filter((piece) => piece.length > 5)) expect(clean).not.toContain(part);
    }
  });

  test.each([
    [
      "duplicate key … Key (mentorado_id, phone_key)=(0198c8f0, 5541888877779m) already exists.",
      "Key [scrubbed] already exists.",
    ],
    ["new row violates … Failing row contains (0198c8f0, Ana Prado, 12).", "Failing row [scrubbed]"],
    [
      'Failed query: insert into "leads" values ($1)\nparams: Ana Prado,ana',
      'Failed query: insert into "leads" values ($1)\nparams [scrubbed]',
    ],
    ['WRONGTYPE Operation, command was: [["set","guilda:x","Ana Prado"]]', "WRONGTYPE Operation, command was [scrubbed]"],
    [
      "ERR unknown command 'SETT', with args beginning with: 'Ana Prado' 'ana'",
      "ERR unknown command 'SETT', with args [scrubbed]",
    ],
    ["Unable to parse response body: [{'Ana Prado'", "Unable to parse response body [scrubbed]"],
    ['invalid input syntax for type uuid: "Ana "x" Prado"', "invalid input syntax for type uuid: [scrubbed]"],
    ['invalid input value for enum stage: "Ana Prado"', "invalid input value for enum stage: [scrubbed]"],
    ['malformed array literal: "{Ana Prado"', "malformed array literal: [scrubbed]"],
    ['date/time field value out of range: "Ana Prado"', "date/time field value out of range: [scrubbed]"],
    ['value "Ana Prado" is out of range for type integer', "value [scrubbed] is out of range for type integer"],
    [`Unexpected token 'A', "Ana "x" Prado" is not valid JSON`, "[scrubbed] is not valid JSON"],
  ])("where a message quotes a value: %s", (text, ending) => {
    const clean = scrub(text);
    expect(clean.endsWith(ending)).toBe(true);
    expect(clean).not.toMatch(/Ana|Prado|5541888877779m/);
  });
});

describe("what helps whoever reads the log survives", () => {
  test.each([
    "0198c8f0-1234-7abc-8def-0123456789ab",
    "01234567-1234-7123-8123-123456789012",
    "job 01234567-1234-7123-8123-123456789012 of 01234567-1234-7123-8123-123456789013",
    "evt_05b708f961d739ea7eba7e4db318f621&368604920",
    "evt_05b708f961d739ea7eba7e4db318f621&1781234567890",
    "pay_080225913252",
    "cus_000005219613",
    "user_2NNEqL2nrIRdJ194ndJqAHwEfxC",
    "sess_2NNEqL2nrIRdJ194ndJqAHwEfxC",
    "msg_2Lh9KRb0pzN4LePd3XiA4v9Axxx",
    "job-0198c8f0-1234-7abc-8def-012345678901-12",
    "unreadable:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "2026-11-21",
    "2026-11-21T03:24:26.123Z",
    "2026-11-21 03:24:26.123456-03",
    "from 2026-11-21 to 2026-12-21, 30 days",
    "took 1234 ms, 86400000 ms at most",
    "127.0.0.1:5432",
    "leads.updateStage",
    "/jobs/finance/create-charge",
    "/webhooks/asaas/:accountRef",
    "DATABASE_UNAVAILABLE",
    "invalid_cpfCnpj,invalid_dueDate",
    'relation "no_such_table" does not exist',
    'duplicate key value violates unique constraint "leads_one_per_phone"',
    "fetch failed <- Error: connect ECONNREFUSED 127.0.0.1:5432",
    "HTTP 503, retry after 30 s, attempt 3 of 12",
    "https://api.guilda.example/api/trpc/leads.list?batch=1",
    "node_modules/@upstash/redis",
    "Unexpected end of JSON input",
  ])("%s", (text) => {
    expect(scrub(text)).toBe(text);
  });

  test("any id and any time", () => {
    const word = fc.constantFrom("job ", "at ", "(", '"', "x=");
    const instant = fc
      .date({ min: new Date(0), max: new Date("2099-12-31"), noInvalidDate: true })
      .map((date) => date.toISOString());
    const digits = fc.stringMatching(/^\d{8}-\d{4}-[1-8]\d{3}-[89]\d{3}-\d{12}$/);
    fc.assert(
      fc.property(
        word,
        fc.oneof(fc.uuid(), digits, instant),
        fc.constantFrom("", ")", '"', " done", ","),
        (before, id, after) => {
          expect(scrub(before + id + after)).toBe(before + id + after);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe("a text", () => {
  test("is cut where it becomes too long, and nothing shows at the cut", () => {
    const clean = scrub(`${"x".repeat(1_990)} ana.prado@example.com ${"y".repeat(5_000)}`);
    expect(clean.length).toBeLessThanOrEqual(2_001);
    expect(clean).not.toContain("ana");
    expect(scrub("z".repeat(2_000))).toBe("z".repeat(2_000));
  });

  test.each(["a", "1", "@", "-", "eyJ-", "1 ", '"', "(", "a.", "%40", "Ana "])(
    "of nothing but %j does not keep the log waiting",
    (piece) => {
      expect(scrub(piece.repeat(50_000)).length).toBeLessThanOrEqual(2_001);
    },
  );
});

describe("an error", () => {
  test("is told with its causes, each scrubbed for itself", () => {
    const driver = Object.assign(new Error('relation "no_such_table" does not exist'), { name: "NeonDbError" });
    const query = new Error("Failed query: select 1\nparams: Ana Prado", { cause: driver });
    expect(describeError(new TypeError("outer", { cause: query }))).toBe(
      'TypeError: outer <- Error: Failed query: select 1\nparams [scrubbed] <- NeonDbError: relation "no_such_table" does not exist',
    );
  });

  test("of the JSON parser is told without what it could not parse", () => {
    for (const text of ["Ana Prado", '{"name":Ana Prado}', '{"name":"Ana Prado"', "[Ana]"]) {
      try {
        JSON.parse(text);
        expect.unreachable();
      } catch (error) {
        expect(describeError(new Error("outer", { cause: error }))).toBe("Error: outer <- SyntaxError");
      }
    }
  });

  test.each([
    ["a text", "Bearer abc", "Bearer [secret]"],
    ["nothing", undefined, ""],
    ["a number", 7, "7"],
  ])("may be %s", (_, thrown, told) => {
    expect(describeError(thrown)).toBe(told);
  });

  test("that is its own cause is told a few times and no more", () => {
    const error = new Error("round");
    error.cause = error;
    expect(describeError(error)).toBe(Array.from({ length: 5 }, () => "Error: round").join(" <- "));
  });
});
