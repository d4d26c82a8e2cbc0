import { verifyWebhook } from "@clerk/backend/webhooks";
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
  if (!(await isSigned({ request, body, signingSecret }))) return undefined;
  const { eventType } = await nameEvent(body, (value) => ({ id: eventId, type: value.type }));
  return { provider: "clerk", accountRef: "default", eventId, eventType, raw: toBase64(body), requestId };
}

async function isSigned({
  request,
  body,
  signingSecret,
}: {
  request: Request;
  body: Uint8Array;
  signingSecret: string;
}): Promise<boolean> {
  try {
    const copy = new Request(request.url, { method: "POST", headers: request.headers, body: new Uint8Array(body) });
    await verifyWebhook(copy, { signingSecret });
    return true;
  } catch (error) {
    // The signature was right and the body is no JSON: stored, and found unreadable by its job.
    return error instanceof SyntaxError;
  }
}
