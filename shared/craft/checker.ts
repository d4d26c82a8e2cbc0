import * as z from "zod";
import { FILE_CASES } from "./file-case.ts";

const MAX_TEXT_CHARS = 1_000;
const MAX_GLOB_CHARS = 200;
const MAX_LIST = 32;

/** A path from the root of the repository, as git writes it: with `/`, without `.`, `..` and empty segments. */
export const repositoryPath = z
  .string()
  .min(1)
  .max(4_096)
  .refine((path) => !path.includes("\0") && path.split("/").every((segment) => !["", ".", ".."].includes(segment)), {
    message: "not a path from the root of the repository",
  });

/** Of paths: see `compileGlob`. */
export const glob = z
  .string()
  .min(1)
  .max(MAX_GLOB_CHARS)
  .refine((text) => text.split("/").every((segment) => segment === "**" || !segment.includes("**")), {
    message: "`**` is a segment of its own",
  });
const globs = z.array(glob).min(1).max(MAX_LIST);
const plainText = z.string().min(1).max(MAX_TEXT_CHARS);
/** The name that is called, with `*` for a part and `**` for any number of them; after `new ` a constructor. */
const callees = z
  .array(
    z
      .string()
      .max(MAX_GLOB_CHARS)
      .regex(/^(?:new )?[\p{ID_Start}\p{ID_Continue}$*#.]+$/u),
  )
  .min(1)
  .max(MAX_LIST);
/** Packages by specifier as it is written, files by path from the root of the repository. */
const targets = z
  .strictObject({ packages: globs.optional(), paths: globs.optional() })
  .refine(({ packages, paths }) => packages !== undefined || paths !== undefined, { message: "names nothing" });
const nameFragment = z
  .string()
  .min(1)
  .max(MAX_GLOB_CHARS)
  .refine((text) => !text.includes("/"), { message: "a file name has no `/`" });

/** Where a checker applies: in a folder (empty for the whole repository), to the files whose path from there fits the globs. */
export const checkerScope = z.strictObject({
  folder: z.union([z.literal(""), repositoryPath]),
  include: globs.optional(),
  exclude: globs.optional(),
});
export type CheckerScope = z.output<typeof checkerScope>;

const decisionChecker = z.strictObject({
  kind: z.literal("decision"),
  slot: plainText.refine((slot) => !slot.startsWith("~"), { message: "an inventory is no decision" }),
  allow: z.array(plainText).min(1).max(MAX_LIST),
  in: checkerScope,
});

const fileNameChecker = z
  .strictObject({
    kind: z.literal("file-name"),
    in: checkerScope,
    case: z.enum(FILE_CASES).optional(),
    prefix: nameFragment.optional(),
    suffix: nameFragment.optional(),
  })
  .refine((checker) => checker.case !== undefined || checker.prefix !== undefined || checker.suffix !== undefined, {
    message: "asks nothing of a name",
  });

const importChecker = z
  .strictObject({ kind: z.literal("import"), in: checkerScope, only: targets.optional(), never: targets.optional() })
  .refine(({ only, never }) => only !== undefined || never !== undefined, { message: "asks nothing of an import" });

const callChecker = z
  .strictObject({ kind: z.literal("call"), in: checkerScope, never: callees.optional(), must: callees.optional() })
  .refine(({ never, must }) => (never === undefined) !== (must === undefined), { message: "either `never` or `must`" });

const pairChecker = z.strictObject({
  kind: z.literal("pair"),
  in: checkerScope,
  /** Of which one must exist: `{dir}` is the folder of the file, `{stem}` its name without the last extension, `{ext}` that one. */
  siblings: z
    .array(
      z
        .string()
        .max(MAX_GLOB_CHARS)
        .regex(/^(?:[^{}\0]|\{(?:dir|stem|ext)\})+$/)
        .refine((template) => template.includes("{stem}"), { message: "names the same file for all" }),
    )
    .min(1)
    .max(MAX_LIST),
});

/**
 * What decides for each opportunity whether a convention was followed: data that the evaluation reads, never code that runs. All of it
 * is bounded, and takes time linear in what it is evaluated on.
 *
 * @see docs/checkers.md
 */
export const checker = z.discriminatedUnion("kind", [decisionChecker, fileNameChecker, importChecker, callChecker, pairChecker]);
export type Checker = z.output<typeof checker>;
export type CheckerOf<Kind extends Checker["kind"]> = Extract<Checker, { kind: Kind }>;

/**
 * The checker of a mined convention: each decision of the slot, in the scope, as most were taken. Which of two folders imports the other
 * shows in the tree and not in a file: there the folder that is imported must not import the other one.
 */
export function checkerOf({ slot, value, scope }: { slot: string; value: string; scope: string }): Checker {
  const [importer, imported] = slot.startsWith("layer:") ? value.split(" → ") : [];
  const backwards = { kind: "import", in: { folder: imported }, never: { paths: [`${importer}/**`] } };
  const layer = imported === undefined ? undefined : importChecker.safeParse(backwards).data;
  return layer ?? { kind: "decision", slot, allow: [value], in: { folder: scope } };
}
