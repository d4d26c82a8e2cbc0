import { toHex } from "../../../shared/bytes.ts";

/** @returns git's own hash of a file's content. */
export async function gitBlobSha(bytes: Uint8Array): Promise<string> {
  const head = new TextEncoder().encode(`blob ${bytes.byteLength}\0`);
  const object = new Uint8Array(head.byteLength + bytes.byteLength);
  object.set(head);
  object.set(bytes, head.byteLength);
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-1", object)));
}
