import { expect, test } from "vitest";
import { NO_ATTRIBUTES } from "../../functions/ingestion/archive/git-attributes.ts";
import { readListed } from "../../functions/ingestion/outbound/read-archive.ts";
import { gitBlobSha } from "../../functions/ingestion/scan/git-blob-sha.ts";
import { buildTarGz, streamOf } from "./build-tar.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function taken({ budgetBytes = 1_000 } = {}) {
  const listed = await Promise.all(
    ["a.ts", "rewritten.ts", "c.ts"].map(async (path) => ({ path, size: 5, sha: await gitBlobSha(bytesOf("12345")) })),
  );
  const archive = buildTarGz([
    { name: "repo/a.ts", body: "12345" },
    { name: "repo/rewritten.ts", body: "54321" },
    { name: "repo/unlisted.ts", body: "12345" },
    { name: "repo/c.ts", body: "12345" },
  ]);
  const paths: string[] = [];
  const take = async ({ path }: { path: string }) => void paths.push(path);
  const isAtEnd = await readListed({ stream: streamOf(archive), files: listed, attributes: NO_ATTRIBUTES, budgetBytes, take });
  return { paths, isAtEnd };
}

test("of an archive only what git lists is taken, to the byte", async () => {
  expect(await taken()).toEqual({ paths: ["a.ts", "c.ts"], isAtEnd: true });
});

test("an archive is left when the budget is spent", async () => {
  expect(await taken({ budgetBytes: 5 })).toEqual({ paths: ["a.ts"], isAtEnd: false });
});

test("git's hash is git's", async () => {
  expect(await gitBlobSha(bytesOf("hello\n"))).toBe("ce013625030ba8dba906f756967f9e9ca394464a");
});
