import { createHash } from "node:crypto";

/** A convention as mining proposes it, with two places that show it and one that does not. */
export function candidate(slot: string, parts: Record<string, unknown> = {}) {
  return {
    fingerprint: createHash("sha256").update(slot).digest("hex"),
    kind: "naming",
    slot,
    value: "kebab-case",
    scope: "",
    strength: "established",
    name: `Convention of ${slot}`,
    description: `${slot} is kebab-case.`,
    hits: 95,
    opportunities: 100,
    files: 40,
    adoption: 0.95,
    lowerBound: 0.89,
    score: 42.5,
    evidence: [place("src/a-file.ts", 3), place("src/b-file.ts", 5)],
    counterExamples: [place("src/c-file.ts", 7)],
    ...parts,
  };
}

export function place(path: string, line: number, endLine = line) {
  return { path, line, endLine };
}
