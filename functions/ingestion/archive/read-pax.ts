import { ArchiveError } from "./archive-error.ts";

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const MAX_LENGTH_DIGITS = 10;

/**
 * The records of a pax header, `<length> <key>=<value>\n` each, with the values as bytes; of a key that is there twice the last counts.
 *
 * @throws ArchiveError `bad_header`.
 */
export function readPax(body: Uint8Array): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  const decoder = new TextDecoder();
  let at = 0;
  while (at < body.length) {
    const space = body.subarray(at, at + MAX_LENGTH_DIGITS + 1).indexOf(SPACE);
    const digits = decoder.decode(body.subarray(at, at + Math.max(space, 0)));
    const end = at + Number(digits);
    const equals = body.indexOf(EQUALS, at + space);
    const isRecord = /^\d+$/.test(digits) && equals !== -1 && equals < end && end <= body.length && body[end - 1] === NEWLINE;
    if (!isRecord) throw new ArchiveError("bad_header", "An extended header of the archive is malformed");
    records.set(decoder.decode(body.subarray(at + space + 1, equals)), body.slice(equals + 1, end - 1));
    at = end;
  }
  return records;
}
