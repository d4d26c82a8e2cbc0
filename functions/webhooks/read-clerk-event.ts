import { Webhook } from "standardwebhooks";
import { toBase64 } from "../../shared/bytes.ts";
import type { IncomingEvent } from "./incoming-event.ts";
import { nameEvent } from "./name-event.ts";

const MAX_SIGNATURE_HEADER_LENGTH = 1_000;

/**
 * Verifies a Svix-signed delivery of Clerk over the bytes that came.
 *
 * @returns undefined when the signature, its age or its headers are not right.
 */
export async function readClerkEvent({
  request,
  body,
  requestId,
  signingSecret,
}: {
  request: Request;
  body: Uint8Array;
  requestId: string;
  signingSecret: string;
}): Promise<IncomingEvent | undefined> {
  const eventId = request.headers.get("svix-id");
  const signature = request.headers.get("svix-signature");
  // Every signature in the header is tried, so its length bounds the work.
  if (eventId === null || eventId.length > 200 || signature === null || signature.length > MAX_SIGNATURE_HEADER_LENGTH)
    return undefined;
  const timestamp = request.headers.get("svix-timestamp");
  if (timestamp === null || !isSigned({ id: eventId, timestamp, signature, body, signingSecret })) return undefined;
  const { eventType } = await nameEvent(body, (value) => ({ id: eventId, type: value.type }));
  return { provider: "clerk", accountRef: "default", eventId, eventType, raw: toBase64(body), requestId };
}

/** Clerk's own helper does the same and then parses the body, which must not decide whether a rightly signed event is kept. */
function isSigned({
  id,
  timestamp,
  signature,
  body,
  signingSecret,
}: {
  id: string;
  timestamp: string;
  signature: string;
  body: Uint8Array;
  signingSecret: string;
}): boolean {
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    new Webhook(signingSecret).verify(text, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}
