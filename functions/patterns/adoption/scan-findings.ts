import * as z from "zod";
import { checkerOf } from "../../../shared/craft/checker.ts";
import { isPathSlot } from "../../../shared/craft/path-slots.ts";

const MAX_CANDIDATES = 5_000;
const MAX_PLACES = 32;

const place = z.object({ path: z.string().min(1), line: z.int().min(1), endLine: z.int().min(1) });

/** A convention as a scan leaves it; what else stands there is not looked at. */
const candidate = z.object({
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  kind: z.string().min(1),
  slot: z.string().min(1),
  value: z.string(),
  scope: z.string(),
  strength: z.enum(["established", "emerging"]),
  name: z.string().min(1),
  description: z.string(),
  hits: z.int().min(0),
  opportunities: z.int().min(0),
  files: z.int().min(0),
  lowerBound: z.number(),
  score: z.number(),
  evidence: z.array(place).max(MAX_PLACES),
  counterExamples: z.array(place).max(MAX_PLACES),
});

/** A scan that is done, as far as patterns are concerned. */
export const doneScan = z.object({
  id: z.uuid(),
  repoId: z.uuid(),
  status: z.literal("done"),
  commitSha: z.string().min(1),
  githubId: z.int(),
  fullName: z.string().min(1),
  defaultBranch: z.string().min(1),
  isPrivate: z.boolean(),
  finishedAt: z.string(),
  candidates: z.array(candidate).max(MAX_CANDIDATES),
});
export type DoneScan = z.output<typeof doneScan>;

/** What is written of the findings of a scan, as the statements take it apart. */
export interface Findings {
  patterns: FoundPattern[];
  places: FoundPlace[];
}

interface FoundPattern extends Omit<z.output<typeof candidate>, "kind" | "slot" | "value" | "evidence" | "counterExamples"> {
  id: string;
  historyId: string;
  type: "code" | "filesystem";
  category: string;
  checker: unknown;
}

interface FoundPlace {
  id: string;
  fingerprint: string;
  path: string;
  /** Null where the path itself is what shows it. */
  startLine: number | null;
  endLine: number | null;
  isCounterExample: boolean;
}

/** @param newId names the rows of what turns out to be new. */
export function findingsOf({ scan, newId }: { scan: DoneScan; newId: () => string }): Findings {
  return {
    patterns: scan.candidates.map(({ kind, slot, value, evidence: _, counterExamples: __, ...found }) => ({
      ...found,
      id: newId(),
      historyId: newId(),
      type: isPathSlot(slot) ? "filesystem" : "code",
      category: kind,
      checker: checkerOf({ slot, value, scope: found.scope }),
    })),
    places: scan.candidates.flatMap(({ fingerprint, slot, evidence, counterExamples }) =>
      [evidence, counterExamples].flatMap((shown, index) =>
        shown.map(({ path, line, endLine }) => ({
          id: newId(),
          fingerprint,
          path,
          startLine: isPathSlot(slot) ? null : line,
          endLine: isPathSlot(slot) ? null : endLine,
          isCounterExample: index === 1,
        })),
      ),
    ),
  };
}
