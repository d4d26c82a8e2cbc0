import { ArchiveError } from "../../../functions/ingestion/archive/archive-error.ts";
import { readTar } from "../../../functions/ingestion/archive/read-tar.ts";

/** Answers to an archive with a line for each of its files, or with the code of its failure. */
export default {
  async fetch(request: Request): Promise<Response> {
    if (request.body === null) return new Response("ready");
    const archive = readTar(request.body, { wants: (path) => !path.endsWith(".unwanted") });
    const files: [path: string, size: number, sha256: string][] = [];
    try {
      for await (const { path, size, bytes } of archive) files.push([path, size, await sha256(bytes)]);
      return Response.json({ files, summary: archive.summary });
    } catch (error) {
      return Response.json({ code: error instanceof ArchiveError ? error.code : String(error) });
    }
  },
};

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
