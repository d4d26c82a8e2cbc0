import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createReadStream, globSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArchiveError } from "../../functions/ingestion/archive/archive-error.ts";
import { readTar, TAR_LIMITS, type TarLimits, type TarSummary } from "../../functions/ingestion/archive/read-tar.ts";
import { ROOT } from "../local/state.ts";
import { buildTar, buildTarGz, type Entry, paxBody, streamOf } from "./build-tar.ts";

const run = promisify(execFile);
const COMMIT = "f3c1d6a0b2948e7f5a6b1c0d9e8f7a6b5c4d3e2f";

describe("what is read", () => {
  it("gives each file its path without the archive's folder, its size, mode and bytes", async () => {
    const { files, modes } = await read([
      { name: "repo-1/", type: "5" },
      { name: "repo-1/src/index.ts", body: "export {};\n" },
      { name: "repo-1/empty.ts" },
    ]);
    expect(files).toEqual({ "src/index.ts": "export {};\n", "empty.ts": "" });
    expect(modes).toEqual([0o644, 0o644]);
  });

  it("takes the commit from the global header that GitHub writes, and nothing else from it", async () => {
    const { files, summary } = await read([
      { name: "pax_global_header", type: "g", body: paxBody({ comment: COMMIT, path: "repo/evil.ts" }) },
      { name: "repo/a.ts", body: "a" },
    ]);
    expect(summary.commitId).toBe(COMMIT);
    expect(files).toEqual({ "a.ts": "a" });
  });

  it("does not take any other comment for a commit", async () => {
    const { summary } = await read([{ name: "g", type: "g", body: paxBody({ comment: "hello" }) }, { name: "repo/a.ts" }]);
    expect(summary.commitId).toBeUndefined();
  });

  it("joins the prefix of POSIX to the name, and leaves alone what GNU keeps in its place", async () => {
    const { files } = await read([
      { name: "deep/file.ts", prefix: "repo/very", body: "1" },
      { name: "repo/gnu.ts", prefix: "00000000000", magic: "ustar  \0", body: "2" },
      { name: "repo/old.ts", magic: "", type: "\0", body: "3" },
    ]);
    expect(files).toEqual({ "very/deep/file.ts": "1", "gnu.ts": "2", "old.ts": "3" });
  });

  it("knows long names, of pax and of GNU, for the next entry only", async () => {
    const long = `${"folder-of-a-name/".repeat(20)}file.ts`;
    const { files } = await read([
      { name: "x", type: "x", body: paxBody({ mtime: "1", path: `repo/p/${long}` }) },
      { name: "repo/short.ts", body: "pax" },
      { name: "././@LongLink", type: "K", body: "a target\0" },
      { name: "././@LongLink", type: "L", body: `repo/g/${long}\0` },
      { name: "repo/short.ts", body: "gnu" },
      { name: "repo/short.ts", body: "own" },
    ]);
    expect(files).toEqual({ [`p/${long}`]: "pax", [`g/${long}`]: "gnu", "short.ts": "own" });
  });

  it("takes the size of pax before that of the header", async () => {
    const body = "x".repeat(600);
    const { files } = await read([
      { name: "x", type: "x", body: paxBody({ size: "600" }) },
      { name: "repo/a.ts", body, size: "00000000000\0" },
      { name: "repo/b.ts", body: "b" },
    ]);
    expect(files).toEqual({ "a.ts": body, "b.ts": "b" });
  });

  it("reads a size in binary", async () => {
    const { files } = await read([
      { name: "repo/a.ts", body: "abc", size: new Uint8Array([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]) },
    ]);
    expect(files).toEqual({ "a.ts": "abc" });
  });

  it("asks for each file once, and passes over the bodies of those that are not wanted", async () => {
    const asked: [string, number][] = [];
    const { files } = await read(
      [
        { name: "repo/big.bin", body: "x".repeat(100_000) },
        { name: "repo/a.ts", body: "a" },
      ],
      { wants: (path, size) => asked.push([path, size]) > 0 && path.endsWith(".ts") },
    );
    expect(asked).toEqual([
      ["big.bin", 100_000],
      ["a.ts", 1],
    ]);
    expect(files).toEqual({ "a.ts": "a" });
  });

  it("is the same however the stream is cut into chunks", async () => {
    const body = fc.uint8Array({ maxLength: 3_000 });
    await fc.assert(
      fc.asyncProperty(fc.array(body, { maxLength: 8 }), fc.integer({ min: 1, max: 700 }), async (bodies, chunkBytes) => {
        const archive = gzipSync(buildTar(bodies.map((each, index) => ({ name: `repo/${index}`, body: each }))));
        const seen: Buffer[] = [];
        for await (const file of readTar(streamOf(archive, chunkBytes), { wants: () => true }))
          seen.push(Buffer.from(file.bytes));
        expect(seen).toEqual(bodies.map((each) => Buffer.from(each)));
      }),
      { numRuns: 60 },
    );
  });

  it("agrees with tar on a real package, file by file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "guilda-tar-"));
    try {
      const archive = join(folder, "zod.tgz");
      await run("tar", ["-czf", archive, "-C", join(ROOT, "node_modules"), "zod/"]);
      const own = join(ROOT, "node_modules/zod");
      let files = 0;
      for await (const { path, bytes } of readTar(fileStream(archive), { wants: () => true })) {
        files += 1;
        expect(Buffer.compare(readFileSync(join(own, path)), bytes), path).toBe(0);
      }
      expect(files).toBe(globSync("**/*", { cwd: own, withFileTypes: true }).filter((each) => each.isFile()).length);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("what is passed over, with a count", () => {
  const HOSTILE: [reason: keyof TarSummary["skipped"], entry: Entry][] = [
    ["link", { name: "repo/link.ts", type: "2" }],
    ["link", { name: "repo/hard.ts", type: "1", size: "00000001000\0" }],
    ["special", { name: "repo/device", type: "3" }],
    ["special", { name: "repo/pipe", type: "6" }],
    ["special", { name: "repo/volume", type: "V", body: "text" }],
    ["unsafe_path", { name: "/etc/passwd", body: "x" }],
    ["unsafe_path", { name: "repo/../../etc/passwd", body: "x" }],
    ["unsafe_path", { name: "../a.ts", body: "x" }],
    ["unsafe_path", { name: "repo/./a.ts", body: "x" }],
    ["unsafe_path", { name: "repo//a.ts", body: "x" }],
    ["outside_folder", { name: "alone.ts", body: "x" }],
    ["outside_folder", { name: "other/a.ts", body: "x" }],
    ["bad_name", { name: new Uint8Array([0x72, 0x65, 0x70, 0x6f, 0x2f, 0xff, 0xfe]), body: "x" }],
    ["duplicate", { name: "repo/first.ts", body: "second" }],
  ];

  it.each(HOSTILE)("%s: %o", async (reason, entry) => {
    const { files, summary } = await read([{ name: "repo/first.ts", body: "1" }, entry, { name: "repo/last.ts", body: "2" }]);
    expect(files).toEqual({ "first.ts": "1", "last.ts": "2" });
    expect(summary.skipped[reason]).toBe(1);
    expect(Object.values(summary.skipped).reduce((sum, count) => sum + count)).toBe(1);
  });

  it("a NUL in a long name, a sparse file of pax, and a path longer than any system allows", async () => {
    const { files, summary } = await read([
      { name: "x", type: "x", body: paxBody({ path: "repo/a\0.ts" }) },
      { name: "repo/a.ts", body: "x" },
      { name: "x", type: "x", body: paxBody({ "GNU.sparse.major": "1" }) },
      { name: "repo/sparse.ts", body: "x" },
      { name: "x", type: "x", body: paxBody({ path: `repo/${"a".repeat(5_000)}` }) },
      { name: "repo/a.ts", body: "x" },
    ]);
    expect(files).toEqual({});
    expect(summary.skipped).toMatchObject({ bad_name: 2, special: 1 });
  });

  it("a wanted file that is larger than the buffer", async () => {
    const { files, summary } = await read(
      [
        { name: "repo/a.ts", body: "x".repeat(100_001) },
        { name: "repo/b.ts", body: "b" },
      ],
      {
        limits: { bodyBytes: 100_000 },
      },
    );
    expect(files).toEqual({ "b.ts": "b" });
    expect(summary.skipped.over_body_limit).toBe(1);
  });
});

describe("what makes an archive unreadable", () => {
  const long = (type: string): Entry => ({ name: "x", type, body: "repo/a\0" });
  const CASES: [what: string, code: string, entries: Entry[], limits?: Partial<TarLimits>][] = [
    ["a wrong checksum", "bad_checksum", [{ name: "repo/a.ts", breakChecksum: true }]],
    ["a negative size in binary", "bad_size", [{ name: "repo/a.ts", size: new Uint8Array(12).fill(0xff) }]],
    ["an endless size in binary", "bad_size", [{ name: "repo/a.ts", size: new Uint8Array(12).fill(0x80) }]],
    ["a size that is no number", "bad_size", [{ name: "repo/a.ts", size: "-0000000001\0" }]],
    ["a negative size of pax", "bad_size", [{ name: "x", type: "x", body: paxBody({ size: "-5" }) }, { name: "repo/a.ts" }]],
    ["a size above the limit", "too_large", [{ name: "repo/a.ts", size: "77777777777\0" }]],
    ["a pax record that is longer than its header", "bad_header", [{ name: "x", type: "x", body: "99 path=a\n" }]],
    ["a pax record of no length", "bad_header", [{ name: "x", type: "x", body: "0 a=\n" }]],
    ["a pax record without an end", "bad_header", [{ name: "x", type: "x", body: "7 a=bcd" }]],
    ["headers without end", "header_chain", Array.from({ length: 9 }, () => long("L"))],
    [
      "global headers without end",
      "header_chain",
      Array.from({ length: 9 }, () => ({ ...long("g"), body: paxBody({ a: "b" }) })),
    ],
    ["a long name of megabytes", "header_chain", [{ name: "x", type: "L", body: "a".repeat(70_000) }]],
    ["a sparse file of GNU", "unsupported", [{ name: "repo/a", type: "S" }]],
    ["a header that describes nothing", "truncated", [long("L")]],
    ["too many entries", "too_many_entries", [{ name: "repo/a" }, { name: "repo/b" }, { name: "repo/c" }], { entries: 2 }],
    ["paths that are too long together", "too_many_entries", [{ name: "repo/abc" }, { name: "repo/def" }], { pathBytes: 10 }],
    ["more bytes than allowed", "too_large", [{ name: "repo/a", body: "x".repeat(9_000) }], { totalBytes: 8_192 }],
    [
      "a bomb",
      "decompression_bomb",
      [{ name: "repo/a", body: new Uint8Array(9_000_000) }],
      { ratioFromBytes: 1_000_000, totalBytes: 2 ** 30 },
    ],
  ];

  it.each(CASES)("%s: %s", async (_what, code, entries, limits = {}) => {
    await expect(codeOf(streamOf(buildTarGz(entries)), limits)).resolves.toBe(code);
  });

  it("being cut off: anywhere in the archive or in its compression, and never silently", async () => {
    const tar = buildTar([
      { name: "repo/a.ts", body: "x".repeat(1_000) },
      { name: "repo/b.ts", body: "y" },
    ]);
    for (const cut of [0, 1, 511, 512, 700, 1_536, 2_048, 2_560])
      await expect(codeOf(streamOf(gzipSync(tar.subarray(0, cut)))), `tar cut at ${cut}`).resolves.toBe("truncated");
    const gz = gzipSync(tar);
    for (const cut of [1, 5, 20, gz.length - 9, gz.length - 1])
      await expect(codeOf(streamOf(gz.subarray(0, cut))), `gzip cut at ${cut}`).resolves.toBe("bad_gzip");
  });

  it("damage that only the checksum of the compression shows, after the last file", async () => {
    const gz = buildTarGz([{ name: "repo/a.ts", body: "a" }]);
    gz.writeUInt8(gz.readUInt8(gz.length - 8) ^ 1, gz.length - 8);
    await expect(codeOf(streamOf(gz))).resolves.toBe("bad_gzip");
  });

  it("being something else", async () => {
    await expect(codeOf(streamOf(Buffer.from("<html>Not found</html>")))).resolves.toBe("not_gzip");
    await expect(codeOf(streamOf(new Uint8Array(0)))).resolves.toBe("not_gzip");
    await expect(codeOf(streamOf(gzipSync("x".repeat(2_000))))).resolves.toBe("bad_checksum");
  });

  it("never a crash or a hang: bytes changed at random end in files or in an ArchiveError", async () => {
    const tar = buildTar([
      { name: "g", type: "g", body: paxBody({ comment: COMMIT }) },
      { name: "x", type: "x", body: paxBody({ path: "repo/long.ts", size: "5" }) },
      { name: "repo/a.ts", body: "12345" },
      { name: "repo/b.ts", body: "b".repeat(700) },
    ]);
    const change = fc.tuple(fc.nat(tar.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), async (changes, fixChecksums) => {
        const broken = Buffer.from(tar);
        for (const [at, byte] of changes) broken[at] = byte;
        if (fixChecksums) for (let at = 0; at < broken.length; at += 512) rewriteChecksum(broken.subarray(at, at + 512));
        const failure = await readAll(streamOf(gzipSync(broken))).catch((error: unknown) => error);
        if (failure instanceof Error) expect(failure).toBeInstanceOf(ArchiveError);
      }),
      { numRuns: 300 },
    );
  });
});

describe("what is not the archive's fault", () => {
  it("is thrown as it is: a connection that breaks", async () => {
    const gz = buildTarGz([
      { name: "repo/a.ts", body: Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 7_919) % 251)) },
    ]);
    const broken = new Error("connection reset");
    let at = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at >= 100) return controller.error(broken);
        controller.enqueue(gz.subarray(at, at + 50));
        at += 50;
      },
    });
    await expect(readAll(stream)).rejects.toBe(broken);
  });

  it("is thrown as it is: an error of the one who asks", async () => {
    const own = new Error("own");
    const archive = readTar(streamOf(buildTarGz([{ name: "repo/a.ts" }])), {
      wants: () => {
        throw own;
      },
    });
    await expect(archive[Symbol.asyncIterator]().next()).rejects.toBe(own);
  });
});

describe("what it costs", () => {
  it("gives the source up when the reader stops early", async () => {
    const gz = buildTarGz(Array.from({ length: 50 }, (_, index) => ({ name: `repo/${index}`, body: randomBytes(9_000) })));
    let cancelled = false;
    let at = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at >= gz.length) return controller.close();
        controller.enqueue(gz.subarray(at, at + 1_000));
        at += 1_000;
      },
      cancel() {
        cancelled = true;
      },
    });
    for await (const _file of readTar(stream, { wants: () => true })) break;
    expect(cancelled).toBe(true);
  });

  it("reads 200 MB with a heap of 24 MB and grows by less than 64 MB in all", async () => {
    const folder = await mkdtemp(join(tmpdir(), "guilda-tar-"));
    try {
      const script = join(folder, "read-large.ts");
      await writeFile(script, LARGE_SCRIPT);
      const { stdout } = await run(process.execPath, ["--max-old-space-size=24", script]);
      const { files, megabytes, grownMegabytes } = JSON.parse(stdout) as Record<string, number>;
      expect(files).toBe(201);
      expect(megabytes).toBeGreaterThan(200);
      expect(grownMegabytes).toBeLessThan(64);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** One body of 100 MB that nobody wants, then 200 wanted ones of half a megabyte, made as they are asked for and never there as a whole. */
const LARGE_SCRIPT = `
import { createGzip } from "node:zlib";
import { Readable } from "node:stream";
import { buildHeader, END } from ${JSON.stringify(join(import.meta.dirname, "build-tar.ts"))};
import { readTar } from ${JSON.stringify(join(ROOT, "functions/ingestion/archive/read-tar.ts"))};

const chunk = new Uint8Array(1024 * 512);
function* archive() {
  yield buildHeader({ name: "repo/sparse.bin", size: (200 * chunk.length).toString(8).padStart(11, "0") + "\\0" });
  for (let index = 0; index < 200; index += 1) yield chunk;
  for (let index = 0; index < 201; index += 1) {
    yield buildHeader({ name: "repo/" + index + ".ts", size: chunk.length.toString(8).padStart(11, "0") + "\\0" });
    yield chunk;
  }
  yield END;
}
const before = process.resourceUsage().maxRSS;
const gz = Readable.from(archive(), { highWaterMark: 1 }).pipe(createGzip({ level: 1 }));
const limits = { totalBytes: 2 ** 30, entries: 1000, pathBytes: 2 ** 20, bodyBytes: 2 ** 20, ratio: 2000, ratioFromBytes: 2 ** 20 };
const tar = readTar(Readable.toWeb(gz), { wants: (path) => path.endsWith(".ts"), limits });
let files = 0;
for await (const file of tar) files += 1;
const megabytes = tar.summary.bytes / 2 ** 20;
console.log(JSON.stringify({ files, megabytes, grownMegabytes: (process.resourceUsage().maxRSS - before) / 1024 }));
`;

async function read(
  entries: readonly Entry[],
  { wants = () => true, limits = {} }: { wants?: (path: string, size: number) => boolean; limits?: Partial<TarLimits> } = {},
) {
  const archive = readTar(streamOf(buildTarGz(entries)), { wants, limits: { ...TAR_LIMITS, ...limits } });
  const files: Record<string, string> = {};
  const modes: number[] = [];
  for await (const { path, size, mode, bytes } of archive) {
    expect(bytes.length).toBe(size);
    files[path] = Buffer.from(bytes).toString();
    modes.push(mode);
  }
  return { files, modes, summary: archive.summary };
}

async function readAll(stream: ReadableStream<Uint8Array>, limits: Partial<TarLimits> = {}): Promise<number> {
  let files = 0;
  for await (const _file of readTar(stream, { wants: () => true, limits: { ...TAR_LIMITS, ...limits } })) files += 1;
  return files;
}

async function codeOf(stream: ReadableStream<Uint8Array>, limits: Partial<TarLimits> = {}): Promise<string> {
  const result = await readAll(stream, limits).catch((error: unknown) => error);
  return result instanceof ArchiveError ? result.code : `no ArchiveError: ${result}`;
}

function rewriteChecksum(block: Buffer): void {
  if (block.length < 512 || block.subarray(257, 262).toString() !== "ustar") return;
  block.write("        ", 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
}

function fileStream(path: string): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
}
