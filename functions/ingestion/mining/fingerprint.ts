import { sha256Hex } from "../../../shared/bytes.ts";

/**
 * What makes a convention the same one in the next run: never how often it holds, where it is seen, or how it is worded.
 *
 * @returns SHA-256 in hex, 64 characters.
 */
export function fingerprint({
  kind,
  slot,
  value,
  scope,
}: {
  kind: string;
  slot: string;
  value: string;
  scope: string;
}): Promise<string> {
  return sha256Hex(JSON.stringify(["convention", kind, slot, value, scope]));
}
