import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { CheckedConvention } from "../../shared/craft/find-violations.ts";
import { formatSarif } from "../../shared/craft/format-sarif.ts";

const message = z.strictObject({ text: z.string().min(1) });
const level = z.enum(["none", "note", "warning", "error"]);
/** The part of SARIF 2.1.0 that is written, closed: the standard allows no other properties, and requires those that are not optional. */
const sarif = z.strictObject({
  $schema: z.url(),
  version: z.literal("2.1.0"),
  runs: z.array(
    z.strictObject({
      tool: z.strictObject({
        driver: z.strictObject({
          name: z.string().min(1),
          rules: z.array(
            z.strictObject({
              id: z.string().min(1),
              shortDescription: message,
              fullDescription: message,
              defaultConfiguration: z.strictObject({ level }),
              help: message.optional(),
            }),
          ),
        }),
      }),
      originalUriBaseIds: z.record(z.string(), z.strictObject({ description: message })),
      columnKind: z.enum(["utf16CodeUnits", "unicodeCodePoints"]),
      results: z.array(
        z.strictObject({
          ruleId: z.string().min(1),
          ruleIndex: z.int().min(-1),
          level,
          message,
          locations: z.array(
            z.strictObject({
              physicalLocation: z.strictObject({
                // A relative reference as RFC 3986 has it, without a scheme and without characters that must be encoded.
                artifactLocation: z.strictObject({
                  uri: z.string().regex(/^(?:[\w.!~*'()-]|%[0-9A-F]{2}|\/)+$/),
                  uriBaseId: z.string(),
                }),
                region: z.strictObject({ startLine: z.int().min(1), endLine: z.int().min(1) }),
              }),
            }),
          ),
          partialFingerprints: z.record(z.string(), z.string()),
          baselineState: z.enum(["new", "unchanged", "updated", "absent"]).optional(),
          suppressions: z
            .array(
              z.strictObject({
                kind: z.enum(["inSource", "external"]),
                status: z.enum(["accepted", "underReview", "rejected"]),
                justification: z.string(),
              }),
            )
            .optional(),
        }),
      ),
    }),
  ),
});

const violation = { line: 2, endLine: 3, value: "single", isOfFile: false, waiver: undefined };
const CHECKED: CheckedConvention[] = [
  {
    convention: {
      id: "quotes",
      name: "Strings have double quotes",
      description: "d",
      severity: "info",
      rationale: "r",
      checker: { kind: "decision", slot: "quotes", allow: ["double"], in: { folder: "" } },
    },
    opportunities: 3,
    hits: 1,
    violations: [
      { ...violation, path: "src/a b#?%/ü:\ud800<\u0007>.ts", fingerprint: "f1" },
      {
        ...violation,
        path: "b.ts",
        fingerprint: "f2",
        waiver: { glob: "**", reason: "Later.", expiresAt: "2030-01-01T00:00:00Z" },
      },
    ],
  },
];

describe("what was found as SARIF", () => {
  it("has nothing that the standard does not have, and all that it requires", () => {
    const [run] = sarif.parse(JSON.parse(formatSarif({ checked: CHECKED }))).runs;
    expect(run?.results.map(({ ruleIndex, ruleId }) => run.tool.driver.rules[ruleIndex]?.id === ruleId)).toEqual([true, true]);
    expect(run?.results[0]?.locations[0]?.physicalLocation.artifactLocation).toEqual({
      uri: "src/a%20b%23%3F%25/%C3%BC%3A%EF%BF%BD%3C%07%3E.ts",
      uriBaseId: "%SRCROOT%",
    });
    expect(Object.keys(run?.originalUriBaseIds ?? {})).toEqual(["%SRCROOT%"]);
    expect(run?.results[0]).toMatchObject({ level: "note", partialFingerprints: { "guildaViolation/v1": "f1" } });
  });

  it("suppresses what is waived, with the reason, and tells new from known when there is a baseline", () => {
    const states = (known?: ReadonlySet<string>) =>
      sarif
        .parse(JSON.parse(formatSarif({ checked: CHECKED, known })))
        .runs[0]?.results.map(({ baselineState, suppressions }) => [baselineState, suppressions?.[0]?.justification]);
    expect(states()).toEqual([
      [undefined, undefined],
      [undefined, "Later."],
    ]);
    expect(states(new Set(["f1"]))).toEqual([
      ["unchanged", undefined],
      ["new", "Later."],
    ]);
  });
});
