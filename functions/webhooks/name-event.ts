import { toHex } from "../../shared/bytes.ts";

/** The provider's own id and type of an event. A body without them is kept all the same, under the digest of its bytes. */
export async function nameEvent(
  body: Uint8Array,
  read: (value: Record<string, unknown>) => { id: unknown; type: unknown },
): Promise<{ eventId: string; eventType: string }> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
    const { id, type } = read(Object(value) as Record<string, unknown>);
    if (isName(id, 200) && isName(type, 100)) return { eventId: id, eventType: type };
  } catch {
    // Falls through: the job of the event will say that it is unreadable.
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(body)));
  return { eventId: `unreadable:${toHex(digest)}`, eventType: "unreadable" };
}

/** Printable ASCII, as every provider's ids and types are: NUL and broken surrogates would be refused by the database. */
function isName(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value.length <= maxLength && /^[\x21-\x7e]+$/.test(value);
}
