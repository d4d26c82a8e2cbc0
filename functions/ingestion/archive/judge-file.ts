import type { GitAttributes } from "./git-attributes.ts";

export type FileKind =
  | "source"
  | "generated"
  | "vendored"
  | "minified"
  | "binary"
  | "too_big"
  | "lock_file"
  | "fixture"
  | "declaration"
  | "other";

/** What a file can be found to be, each with its kind. */
const REASONS = {
  "source code": "source",
  "marked linguist-vendored": "vendored",
  "marked linguist-generated": "generated",
  "in a folder of foreign code": "vendored",
  "in a folder of generated code": "generated",
  "in a folder of build output": "generated",
  "in a folder of fixtures": "fixture",
  "named as a lock file": "lock_file",
  "named as generated": "generated",
  "named as minified": "minified",
  "named as binary": "binary",
  "with declarations only": "declaration",
  "in another language": "other",
  "larger than 256 KiB": "too_big",
  "with NUL bytes": "binary",
  "with a mark of generated code": "generated",
  "with very long lines": "minified",
} as const satisfies Record<string, FileKind>;

export type FileReason = keyof typeof REASONS;

export interface FileVerdict {
  kind: FileKind;
  reason: FileReason;
}

export const MAX_SOURCE_BYTES = 256 * 1024;
/** Of the content only its head is looked at. */
const HEAD_BYTES = 8 * 1024;
/** Hand-written code is around 35 bytes a line. */
const MAX_AVERAGE_LINE_BYTES = 200;
/** Of less an average says nothing. */
const MIN_MINIFIED_BYTES = 1_000;
const LINE_FEED = 0x0a;

const VENDORED_FOLDERS = new Set(
  "node_modules bower_components jspm_packages vendor vendors vendored third_party third-party thirdparty 3rdparty .yarn .git site-packages venv .venv .tox".split(
    " ",
  ),
);
const GENERATED_FOLDERS = new Set("generated __generated__ .generated".split(" "));
/** Below `src` such a name is a part of the program. `build` is none of them: what is committed there are scripts more often than output. */
const OUTPUT_FOLDERS = new Set("dist out coverage .next .nuxt .output .svelte-kit .turbo .wrangler .vercel .cache".split(" "));
const FIXTURE_FOLDERS = new Set("fixture fixtures __fixtures__ test-fixtures testdata test-data __snapshots__".split(" "));
const LOCK_FILES = new Set(
  [
    "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock",
    "Cargo.lock composer.lock Gemfile.lock poetry.lock Pipfile.lock uv.lock go.sum flake.lock",
  ].flatMap((names) => names.split(" ")),
);
const SOURCE_EXTENSION = /\.(?:[cm]?ts|tsx|[cm]?js|jsx|py|go)$/;
const DECLARATION = /\.(?:d\.[cm]?ts|pyi)$/;
const GENERATED_NAME = /(?:\.(?:gen|generated|pb|pb\.gw)|_pb|_pb2|_pb2_grpc)\.[a-z]+$|^zz_generated\./;
const MINIFIED_NAME = /[.-]min\.[a-z]+$/;
const BINARY_EXTENSION =
  /\.(?:png|jpe?g|gif|webp|avif|ico|bmp|woff2?|ttf|otf|eot|mp[34]|webm|mov|wav|ogg|pdf|zip|gz|tgz|br|zst|tar|7z|wasm|node|exe|dll|so|dylib|jar|class|pyc|sqlite|db|bin)$/i;

/**
 * Says what a file is: by its path and size alone, or by its content too when that is given. Names of folders count as wholes: `layout/`
 * is not `out/`.
 *
 * @param content the whole file or as much of its beginning as is at hand.
 */
export function judgeFile({
  path,
  size,
  content,
  attributes,
}: {
  path: string;
  size: number;
  content?: Uint8Array;
  attributes: GitAttributes;
}): FileVerdict {
  const reason = judgePath({ path, attributes }) ?? (size > MAX_SOURCE_BYTES ? "larger than 256 KiB" : undefined);
  return verdict(reason ?? (content === undefined ? undefined : judgeContent(content)) ?? "source code");
}

function verdict(reason: FileReason): FileVerdict {
  return { kind: REASONS[reason], reason };
}

/** What the repository says of a file goes before what its name makes likely. */
function judgePath({ path, attributes }: { path: string; attributes: GitAttributes }): FileReason | undefined {
  const { vendored, generated } = attributes.of(path);
  if (vendored) return "marked linguist-vendored";
  if (generated) return "marked linguist-generated";
  const folders = path.split("/");
  const name = folders.pop() ?? "";
  const srcAt = folders.indexOf("src");
  const outside = srcAt === -1 ? folders : folders.slice(0, srcAt);
  if (vendored === undefined && folders.some((folder) => VENDORED_FOLDERS.has(folder))) return "in a folder of foreign code";
  if (generated === undefined && folders.some((folder) => GENERATED_FOLDERS.has(folder))) return "in a folder of generated code";
  if (generated === undefined && outside.some((folder) => OUTPUT_FOLDERS.has(folder))) return "in a folder of build output";
  if (folders.some((folder) => FIXTURE_FOLDERS.has(folder))) return "in a folder of fixtures";
  if (LOCK_FILES.has(name)) return "named as a lock file";
  if (BINARY_EXTENSION.test(name)) return "named as binary";
  if (generated === undefined && GENERATED_NAME.test(name)) return "named as generated";
  if (MINIFIED_NAME.test(name)) return "named as minified";
  if (DECLARATION.test(name)) return "with declarations only";
  return SOURCE_EXTENSION.test(name) ? undefined : "in another language";
}

function judgeContent(content: Uint8Array): FileReason | undefined {
  const head = content.subarray(0, HEAD_BYTES);
  if (head.includes(0)) return "with NUL bytes";
  if (saysGenerated(new TextDecoder().decode(head))) return "with a mark of generated code";
  if (head.length < MIN_MINIFIED_BYTES) return undefined;
  let lines = 1;
  for (let at = head.indexOf(LINE_FEED); at !== -1; at = head.indexOf(LINE_FEED, at + 1)) lines += 1;
  return head.length / lines > MAX_AVERAGE_LINE_BYTES ? "with very long lines" : undefined;
}

const COMMENT_LINE = /^\s*(?:\/\/|\/\*|#|<!--|$)/;
const DIRECTIVE = /^\s*["']use \w+["'];?\s*$/;
const GENERATED_MARKS = [
  /@generated\b/,
  /^(?:this (?:file|code) (?:is|was|has been) |code |file )?(?:auto(?:matically)?[- ]?)?generated (?:by|from|using|with|file|code)\b/i,
  /\bthis (?:file|code) (?:is|was|has been) (?:auto(?:matically)?[- ]?)?generated\b/i,
  /\bdo not (?:(?:manually|hand)[- ])?(?:edit|modify)(?: (?:this file|it|by hand|manually|directly)\b|\W*$)/i,
];

/** Only the comments before the first line of code speak for the file: later ones, and strings, may be about other files. */
function saysGenerated(head: string): boolean {
  let isInBlock = false;
  for (let from = 0, end = 0; end !== -1; from = end + 1) {
    end = head.indexOf("\n", from);
    const line = head.slice(from, end === -1 ? undefined : end);
    if (!isInBlock && DIRECTIVE.test(line)) continue;
    if (!isInBlock && !COMMENT_LINE.test(line)) return false;
    const words = line.replace(/^[\s/*#<!-]+/, "").replace(/[\s*/>-]+$/, "");
    if (GENERATED_MARKS.some((mark) => mark.test(words))) return true;
    if (/\*\/\s*[^\s/]/.test(line)) return false;
    isInBlock = line.lastIndexOf("/*") > line.lastIndexOf("*/") || (isInBlock && !line.includes("*/"));
  }
  return false;
}
