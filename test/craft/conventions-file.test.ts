import { describe, expect, it } from "vitest";
import {
  type Convention,
  conventionOf,
  formatConventions,
  parseConventions,
  waiverFor,
} from "../../shared/craft/conventions-file.ts";

const CONVENTION: Convention = {
  id: "quotes",
  name: "Strings have double quotes",
  description: "All of them.",
  severity: "error",
  checker: { kind: "decision", slot: "quotes", allow: ["double"], in: { folder: "src" } },
  rationale: "One way.",
  example: { path: "src/a.ts", line: 1, commit: "0".repeat(40) },
  waivers: [{ glob: "src/old/**", reason: "Goes away.", expiresAt: "2030-01-01T00:00:00.000Z" }],
};

describe("a file of conventions", () => {
  it("comes back as it was written", () => {
    const text = formatConventions([CONVENTION]);
    expect(parseConventions(text)).toEqual([CONVENTION]);
    expect(formatConventions(parseConventions(text))).toBe(text);
  });

  it.each<[what: string, text: string, sentence: RegExp]>([
    ["is not JSON", "{", /^The conventions are not JSON\.$/],
    ["is of another version", JSON.stringify({ version: 2, conventions: [] }), /version/],
    [
      "has keys that nobody reads",
      JSON.stringify({ version: 1, conventions: [{ ...CONVENTION, script: "x" }] }),
      /conventions\.0.*script/,
    ],
    [
      "has a checker that is none",
      JSON.stringify({ version: 1, conventions: [{ ...CONVENTION, checker: { kind: "regex" } }] }),
      /conventions\.0\.checker/,
    ],
    ["has one id twice", JSON.stringify({ version: 1, conventions: [CONVENTION, CONVENTION] }), /two have the same id/],
    [
      "has a waiver that never ends",
      JSON.stringify({ version: 1, conventions: [{ ...CONVENTION, waivers: [{ glob: "a", reason: "b" }] }] }),
      /expiresAt/,
    ],
  ])("is refused when it %s, with what and where", (_, text, sentence) => {
    expect(() => parseConventions(text)).toThrow(sentence);
  });

  it("has mined conventions as warnings when they are established, and as information when they emerge", () => {
    const candidate = {
      fingerprint: "f",
      slot: "quotes",
      value: "double",
      scope: "",
      name: "n",
      description: "d",
      evidence: [{ path: "a.ts", line: 2 }],
    };
    const [established, emerging] = (["established", "emerging"] as const).map((strength) =>
      conventionOf({ candidate: { ...candidate, strength }, commit: undefined }),
    );
    expect([established?.severity, emerging?.severity]).toEqual(["warning", "info"]);
    expect(established).toMatchObject({ id: "f", example: { path: "a.ts", line: 2 }, checker: { allow: ["double"] } });
  });
});

describe("a waiver", () => {
  it("lets off the files of its glob until it expires", () => {
    const { waivers } = CONVENTION;
    const reasonAt = (path: string, instant: string) => waiverFor({ waivers, path, now: new Date(instant) })?.reason;
    expect(reasonAt("src/old/a.ts", "2029-12-31T23:59:59.999Z")).toBe("Goes away.");
    expect(reasonAt("src/old/a.ts", "2030-01-01T00:00:00.000Z")).toBeUndefined();
    expect(reasonAt("src/new/a.ts", "2029-01-01T00:00:00.000Z")).toBeUndefined();
  });
});
