import { describe, expect, test } from "vitest";
import { blindIndex, createKeyring, decrypt, encrypt, keyedDigest, type Place } from "../../shared/db/sensitive.ts";

const KEY_1 = `1:${Buffer.alloc(32, 1).toString("base64")}`;
const KEY_2 = `2:${Buffer.alloc(32, 2).toString("base64")}`;
const OTHER_KEY_1 = `1:${Buffer.alloc(32, 9).toString("base64")}`;
const PLACE: Place = { column: "students.tax_id", mentoradoId: "0198c8f0-aaaa", rowId: "0198c8f0-bbbb" };
const TAX_ID = "52998224725";

const open = (text: string) => createKeyring(text)();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("an encrypted value", () => {
  test.each([TAX_ID, "", "Olá 😀 \u0000", "x".repeat(10_000)])("comes back as it was", async (plaintext) => {
    const keyring = await open(KEY_1);
    const encrypted = await encrypt({ keyring, plaintext, place: PLACE });
    expect(await decrypt({ keyring, encrypted, place: PLACE })).toBe(plaintext);
    expect(encrypted.keyVersion).toBe(1);
    if (plaintext !== "") expect(Buffer.from(encrypted.ciphertext).includes(plaintext)).toBe(false);
  });

  test("is never written the same way twice", async () => {
    const keyring = await open(KEY_1);
    const all = await Promise.all(Array.from({ length: 50 }, () => encrypt({ keyring, plaintext: TAX_ID, place: PLACE })));
    expect(new Set(all.map(({ ciphertext }) => hex(ciphertext))).size).toBe(50);
    expect(new Set(all.map(({ ciphertext }) => hex(ciphertext.subarray(0, 12)))).size).toBe(50);
  });

  test("is read with the key of its version after the key was rotated, and a new one is written with the newest", async () => {
    const old = await encrypt({ keyring: await open(KEY_1), plaintext: TAX_ID, place: PLACE });
    for (const text of [`${KEY_1},${KEY_2}`, `${KEY_2},${KEY_1}`]) {
      const rotated = await open(text);
      expect(await decrypt({ keyring: rotated, encrypted: old, place: PLACE })).toBe(TAX_ID);
      const fresh = await encrypt({ keyring: rotated, plaintext: TAX_ID, place: PLACE });
      expect(fresh.keyVersion).toBe(2);
      expect(await decrypt({ keyring: rotated, encrypted: fresh, place: PLACE })).toBe(TAX_ID);
      await expect(decrypt({ keyring: await open(KEY_1), encrypted: fresh, place: PLACE })).rejects.toThrow(
        "No encryption key of version 2",
      );
    }
  });

  test("does not open under another key, nor under another key's version", async () => {
    const encrypted = await encrypt({ keyring: await open(KEY_1), plaintext: TAX_ID, place: PLACE });
    await expect(decrypt({ keyring: await open(OTHER_KEY_1), encrypted, place: PLACE })).rejects.toThrow();
    const both = await open(`${KEY_1},${KEY_2}`);
    await expect(decrypt({ keyring: both, encrypted: { ...encrypted, keyVersion: 2 }, place: PLACE })).rejects.toThrow();
  });

  test.each([{ column: "students.birth_date" }, { mentoradoId: "0198c8f0-cccc" }, { rowId: "0198c8f0-dddd" }])(
    "does not open in another place: %o",
    async (moved) => {
      const keyring = await open(KEY_1);
      const encrypted = await encrypt({ keyring, plaintext: TAX_ID, place: PLACE });
      await expect(decrypt({ keyring, encrypted, place: { ...PLACE, ...moved } })).rejects.toThrow();
    },
  );

  test("does not open when any byte of it was changed, or when it was cut", async () => {
    const keyring = await open(KEY_1);
    const encrypted = await encrypt({ keyring, plaintext: TAX_ID, place: PLACE });
    const { ciphertext } = encrypted;
    for (let index = 0; index < ciphertext.length; index += 1) {
      const changed = ciphertext.slice();
      changed[index] = (changed[index] ?? 0) ^ 1;
      await expect(decrypt({ keyring, encrypted: { ...encrypted, ciphertext: changed }, place: PLACE })).rejects.toThrow();
    }
    for (const length of [0, 11, 12, 27, ciphertext.length - 1]) {
      const cut = { ...encrypted, ciphertext: ciphertext.slice(0, length) };
      await expect(decrypt({ keyring, encrypted: cut, place: PLACE })).rejects.toThrow();
    }
  });

  test("opens from the bytes that a driver lends from a larger buffer", async () => {
    const keyring = await open(KEY_1);
    const { ciphertext, keyVersion } = await encrypt({ keyring, plaintext: TAX_ID, place: PLACE });
    const pool = Buffer.alloc(ciphertext.length + 64, 7);
    pool.set(ciphertext, 32);
    const lent = pool.subarray(32, 32 + ciphertext.length);
    expect(await decrypt({ keyring, encrypted: { ciphertext: lent, keyVersion }, place: PLACE })).toBe(TAX_ID);
  });
});

describe("a blind index", () => {
  const index = async (text: string, mentoradoId: string, value: string) =>
    hex(await blindIndex({ keyring: await open(text), mentoradoId, value }));

  test("is equal for equal values of one practice, and for nothing else", async () => {
    const one = await index(KEY_1, "practice-1", TAX_ID);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(await index(KEY_1, "practice-1", TAX_ID)).toBe(one);
    const others = [
      await index(KEY_1, "practice-2", TAX_ID),
      await index(KEY_1, "practice-1", "52998224726"),
      await index(OTHER_KEY_1, "practice-1", TAX_ID),
      hex(await keyedDigest({ keyring: await open(KEY_1), purpose: "asaas webhook token", value: TAX_ID })),
    ];
    expect(new Set([one, ...others]).size).toBe(5);
  });

  test("outlives the rotation of the key, so that people are still found", async () => {
    expect(await index(`${KEY_1},${KEY_2}`, "practice-1", TAX_ID)).toBe(await index(KEY_1, "practice-1", TAX_ID));
  });

  test("cannot be made without the first key, rather than be made differently", async () => {
    await expect(index(KEY_2, "practice-1", TAX_ID)).rejects.toThrow("No encryption key of version 1");
  });
});

test("a keyring is opened once and then kept", async () => {
  const source = createKeyring(KEY_1);
  expect(await source()).toBe(await source());
});
