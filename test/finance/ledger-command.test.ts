import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { splitLines } from "../../shared/ledger/split-lines.ts";
import { ROOT } from "../local/state.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { asForger, postEntry } from "./support/ledger-entries.ts";
import { type Books, type FinanceClient, openBooks } from "./support/open-books.ts";

let platform: Platform;
let folder: string;
beforeAll(async () => {
  platform = await startPlatform();
  folder = await mkdtemp(join(tmpdir(), "guilda-ledger-"));
});
afterAll(async () => {
  await platform.close();
  await rm(folder, { recursive: true });
});

interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** `npm run ledger -- …`, with nothing but these variables: where none says so, it needs no database. */
function ledger(args: readonly string[], variables: Record<string, string> = {}): Promise<Outcome> {
  const env = { PATH: process.env.PATH, GUILDA_HOME: join(folder, "not-running"), ...variables };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, "test/local/ledger.ts"), ...args], { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

/** As the owner of the database, straight to Postgres. */
function ledgerOf(args: readonly string[]): Promise<Outcome> {
  return ledger(args, { DATABASE_URL: platform.database.databaseUrl });
}

interface Scene {
  books: Books;
  mentoradoId: string;
  finance: FinanceClient;
  entryIds: string[];
  file: string;
}

let scene: Scene;
beforeEach(async () => {
  const books = await openBooks(platform);
  const { mentoradoId } = books;
  const { id: chargeId } = await books.bill();
  const entryIds: string[] = [];
  for (let index = 1; index <= 5; index += 1) {
    const posting = { movement: `receipt:${index}`, source: `job:\u2028"ç"${index}`, lines: { cash: index, receivable: -index } };
    entryIds.push((await postEntry(platform.database, { mentoradoId, chargeId, ...posting })).id);
  }
  scene = { books, mentoradoId, finance: await books.join("owner"), entryIds, file: join(folder, `${mentoradoId}.ndjson`) };
});

async function forge(statement: string, params: unknown[]): Promise<void> {
  await asForger(platform.database, (client) => client.query(statement, params), "commit");
}

describe("the command", { timeout: 60_000 }, () => {
  test("verifies a ledger, exports it, and checks the file without a database", async () => {
    const { mentoradoId, file, finance } = scene;
    const { headHash } = await finance.financial.ledger.verify.query();
    const verified = await ledgerOf(["verify", "--mentorado", mentoradoId]);
    expect(verified).toMatchObject({ code: 0, err: "" });
    expect(verified.out).toBe(
      `valid  mentorado ${mentoradoId}  5 entries  head ${headHash}\n       cash         15 BRL cents\n       receivable   -15 BRL cents\n`,
    );
    const exported = await ledgerOf(["export", "--mentorado", mentoradoId, "--out", file]);
    expect(exported).toMatchObject({ code: 0, out: `5 entries of mentorado ${mentoradoId} are in ${file}\n` });
    const checked = await ledger(["check", file]);
    expect(checked).toMatchObject({ code: 0, err: "" });
    expect(checked.out).toBe(
      `valid  ${file}  5 entries  head ${headHash}\n       cash         15 BRL cents\n       receivable   -15 BRL cents\n`,
    );
  });

  test("exports the bytes that a client of the API writes page by page, and later the same lines with more behind them", async () => {
    const { books, mentoradoId, file, finance } = scene;
    let text = "";
    for (let cursor: number | null | undefined; cursor !== null; ) {
      const page = await finance.financial.ledger.export.query({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      const lines = page.nextCursor === null ? [...page.items, { head: page.head }] : page.items;
      text += lines.map((line) => `${JSON.stringify(line)}\n`).join("");
      cursor = page.nextCursor;
    }
    await ledgerOf(["export", "--mentorado", mentoradoId, "--out", file]);
    expect(await readFile(file, "utf8")).toBe(text);
    const { id: chargeId } = await books.bill();
    await postEntry(platform.database, { mentoradoId, chargeId, movement: "later", lines: { cash: 1, receivable: -1 } });
    await ledgerOf(["export", "--mentorado", mentoradoId, "--out", file]);
    const later = (await readFile(file, "utf8")).split("\n");
    const earlier = text.split("\n");
    expect(later).toHaveLength(earlier.length + 1);
    expect(later.slice(0, 5)).toEqual(earlier.slice(0, 5));
  });

  test("names the first bad row of a forged ledger, in one line, and fails", async () => {
    const { mentoradoId, entryIds, finance, file } = scene;
    await forge("update ledger_lines set amount_cents = amount_cents * 2 where mentorado_id = $1 and entry_id = $2", [
      mentoradoId,
      entryIds[2],
    ]);
    expect(await finance.financial.ledger.verify.query()).toMatchObject({
      isValid: false,
      entries: 5,
      firstBad: { seq: 3, id: entryIds[2], problem: "hash" },
    });
    const says = `entry 3 (${entryIds[2]}): hash, its hash is not that of what it says\n`;
    const all = await ledgerOf(["verify"]);
    expect(all).toMatchObject({ code: 1, err: `BAD    mentorado ${mentoradoId}  ${says}` });
    await ledgerOf(["export", "--mentorado", mentoradoId, "--out", file]);
    expect(await ledger(["check", file])).toEqual({ code: 1, out: "", err: `BAD    ${file}  line 3, ${says}` });
    await forge("update ledger_lines set amount_cents = amount_cents / 2 where mentorado_id = $1 and entry_id = $2", [
      mentoradoId,
      entryIds[2],
    ]);
    expect(await ledgerOf(["verify", "--mentorado", mentoradoId])).toMatchObject({
      code: 0,
      err: "",
    });
  });

  test("verifies every ledger when it is given none, the valid ones too", async () => {
    const others = await openBooks(platform);
    const { out, code } = await ledgerOf(["verify"]);
    expect(code).toBe(0);
    expect(out).toContain(`valid  mentorado ${scene.mentoradoId}  5 entries`);
    expect(out).toContain(`valid  mentorado ${others.mentoradoId}  0 entries  head ${"0".repeat(64)}\n`);
  });

  test("does not take a ledger that it cannot see for a valid one", async () => {
    const nobody = "00000000-0000-7000-8000-000000000000";
    expect(await ledgerOf(["verify", "--mentorado", nobody])).toEqual({
      code: 1,
      out: "",
      err: `There is no mentorado ${nobody}\n`,
    });
    const url = new URL(platform.database.databaseUrl);
    const role = `stranger_${scene.mentoradoId.replaceAll("-", "")}`;
    await platform.database.query(`create role ${role} login password 'secret'`);
    try {
      [url.username, url.password] = [role, "secret"];
      const refused = await ledger(["verify"], { DATABASE_URL: url.href });
      expect(refused).toMatchObject({ code: 1, out: "" });
      expect(refused.err).toContain("permission denied");
    } finally {
      await platform.database.query(`drop role ${role}`);
    }
  });

  test("finds the platform that runs locally, and says so when none does", async () => {
    const home = join(folder, "running");
    await mkdir(home, { recursive: true });
    const variables = { DATABASE_URL: platform.database.databaseUrl };
    await writeFile(join(home, "stand-ins.json"), JSON.stringify({ variables, standIns: {} }));
    const args = ["verify", "--mentorado", scene.mentoradoId];
    expect(await ledger(args, { GUILDA_HOME: home })).toMatchObject({ code: 0, err: "" });
    const { code, err } = await ledger(args, { GUILDA_HOME: join(folder, "not-running") });
    expect(code).toBe(1);
    expect(err).toBe("Guilda is not running here: start it with `npm start`\n");
  });

  test("says how it is used when it is asked for something else", async () => {
    const asked = [[], ["verify", "now"], ["export", "--mentorado", scene.mentoradoId], ["check"], ["repair"]];
    for (const { code, err } of await Promise.all(asked.map((args) => ledger(args)))) {
      expect(code).toBe(1);
      expect(err).toMatch(/^Usage: npm run ledger/);
    }
  });

  test("says where the bad line of a file is that is no export at all", async () => {
    const path = join(folder, "letter.txt");
    await writeFile(path, "Dear auditor,\n");
    expect(await ledger(["check", path])).toMatchObject({
      code: 1,
      err: expect.stringContaining("line 1, no entry: unreadable"),
    });
    expect((await ledger(["check", join(folder, "nowhere.ndjson")])).err).toContain("ENOENT");
  });
});

describe("the lines of a file", () => {
  async function linesOf(...chunks: Uint8Array[]): Promise<string[]> {
    const lines: string[] = [];
    const source = (async function* () {
      yield* chunks;
    })();
    for await (const line of splitLines(source)) lines.push(line);
    return lines;
  }

  test("are the same wherever the chunks end, and end at a line feed alone", async () => {
    const text = "a\u2028é\r\n\n\u{1f980}b\nlast";
    const bytes = Buffer.from(text);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(await linesOf(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(["a\u2028é\r", "", "\u{1f980}b", "last"]);
    }
    expect(await linesOf(...[...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(text.split("\n"));
    expect(await linesOf()).toEqual([]);
  });

  test("that are no UTF-8 are empty, and a byte order mark is kept: neither is an entry", async () => {
    expect(await linesOf(Buffer.from([0x61, 0xff, 0x0a, 0x62, 0x0a]))).toEqual(["", "b"]);
    expect(await linesOf(Buffer.from("\ufeffa\n"))).toEqual(["\ufeffa"]);
  });
});
