import { fromHex, toBase64 } from "../../shared/bytes.ts";
import type { IncomingEvent } from "./incoming-event.ts";
import { nameEvent } from "./name-event.ts";

const SIGNATURE = /^sha256=([0-9a-f]{64})$/;
/** GitHub's ids of deliveries are GUIDs; a redelivery has that of the first. */
const DELIVERY = /^[\w-]{1,200}$/;
const EVENT = /^[a-z_]{1,60}$/;

/**
 * Verifies a delivery of GitHub over the bytes that came. GitHub signs no time: what is played back has the id of an event that is there.
 *
 * @returns undefined when the signature or the headers are not right.
 */
export async function readGithubEvent({
  request,
  body,
  requestId,
  secret,
}: {
  request: Request;
  body: Uint8Array<ArrayBuffer>;
  requestId: string;
  secret: string;
}): Promise<IncomingEvent | undefined> {
  const { headers } = request;
  const [, signature] = SIGNATURE.exec(headers.get("x-hub-signature-256") ?? "") ?? [];
  const delivery = headers.get("x-github-delivery");
  const event = headers.get("x-github-event");
  if (signature === undefined || delivery === null || event === null) return undefined;
  if (!DELIVERY.test(delivery) || !EVENT.test(event) || !(await isSigned({ body, signature, secret }))) return undefined;
  const { eventId, eventType } = await nameEvent(body, ({ action }) => ({
    id: delivery,
    type: typeof action === "string" ? `${event}.${action}` : event,
  }));
  return { provider: "github", accountRef: "default", eventId, eventType, raw: toBase64(body), requestId };
}

/** In constant time: the platform compares. */
async function isSigned({
  body,
  signature,
  secret,
}: {
  body: Uint8Array<ArrayBuffer>;
  signature: string;
  secret: string;
}): Promise<boolean> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, ["verify"]);
  return await crypto.subtle.verify("HMAC", key, new Uint8Array(fromHex(signature)), body);
}
