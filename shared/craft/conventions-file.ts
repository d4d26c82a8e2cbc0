import * as z from "zod";
import { checker, checkerOf, glob, repositoryPath } from "./checker.ts";
import { compileGlob } from "./glob.ts";

export const SEVERITIES = ["error", "warning", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

const MAX_CONVENTIONS = 1_000;
const MAX_WAIVERS = 100;
const sentence = z.string().min(1).max(4_000);

/** Files that a convention does not speak about, why, and until when. */
const waiver = z.strictObject({ glob, reason: sentence, expiresAt: z.iso.datetime() });
export type Waiver = z.output<typeof waiver>;

const convention = z.strictObject({
  /** The same wherever the convention goes: its fingerprint when it was mined, else that of its row. */
  id: z
    .string()
    .max(200)
    .regex(/^[\w.:-]+$/),
  name: sentence,
  description: sentence,
  severity: z.enum(SEVERITIES),
  checker,
  rationale: sentence.optional(),
  /** A place that shows how it is done. */
  example: z
    .strictObject({
      path: repositoryPath,
      line: z.int().min(1),
      commit: z
        .string()
        .regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/)
        .optional(),
    })
    .optional(),
  waivers: z.array(waiver).max(MAX_WAIVERS).optional(),
});
export type Convention = z.output<typeof convention>;

/** Conventions on their way between a database, a repository and a terminal. Strict, so that nothing in it goes unread. */
export const conventionsFile = z.strictObject({
  version: z.literal(1),
  conventions: z
    .array(convention)
    .max(MAX_CONVENTIONS)
    .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, { message: "two have the same id" }),
});
export type ConventionsFile = z.output<typeof conventionsFile>;

/** @throws Error with one sentence that says what is wrong and where. */
export function parseConventions(text: string): Convention[] {
  const parsed = conventionsFile.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.conventions;
  const [issue] = parsed.error.issues;
  throw new Error(`The conventions are not as they should be: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}.`);
}

/** The file as text: the same for the same conventions. */
export function formatConventions(conventions: readonly Convention[]): string {
  return `${JSON.stringify({ version: 1, conventions }, null, 2)}\n`;
}

/**
 * A mined convention that nobody has judged: what is established warns, what emerges informs.
 *
 * @param commit full id of the commit that was mined.
 */
export function conventionOf({
  candidate: { fingerprint, slot, value, scope, strength, name, description, evidence },
  commit,
}: {
  candidate: {
    fingerprint: string;
    slot: string;
    value: string;
    scope: string;
    strength: "established" | "emerging";
    name: string;
    description: string;
    evidence: readonly { path: string; line: number }[];
  };
  commit?: string | undefined;
}): Convention {
  const [example] = evidence;
  return {
    id: fingerprint,
    name,
    description,
    severity: strength === "established" ? "warning" : "info",
    checker: checkerOf({ slot, value, scope }),
    ...(example === undefined
      ? {}
      : { example: { path: example.path, line: example.line, ...(commit === undefined ? {} : { commit }) } }),
  };
}

/** The waiver that lets a file off, if there is one at this time. */
export function waiverFor({
  waivers = [],
  path,
  now,
}: {
  waivers?: readonly Waiver[] | undefined;
  path: string;
  now: Date;
}): Waiver | undefined {
  return waivers.find((each) => new Date(each.expiresAt).getTime() > now.getTime() && compileGlob({ glob: each.glob })(path));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("The conventions are not JSON.");
  }
}
