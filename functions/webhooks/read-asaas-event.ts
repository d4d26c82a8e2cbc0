import { toBase64 } from "../../shared/bytes.ts";
import type { Keyring } from "../../shared/db/sensitive.ts";
import { asaasTokenDigest } from "../../shared/webhooks/asaas-token-digest.ts";
import type { IncomingEvent } from "./incoming-event.ts";
import { nameEvent } from "./name-event.ts";

const MIN_TOKEN_LENGTH = 32;
const MAX_TOKEN_LENGTH = 255;

/**
 * Asaas signs nothing: it sends a token that belongs to the account in the URL. Only a keyed digest of it is kept and compared, so
 * the time of a comparison says nothing about the token.
 *
 * @returns undefined when there is no token to compare.
 */
export async function readAsaasEvent({
  request,
  accountRef,
  body,
  requestId,
  keyring,
}: {
  request: Request;
  accountRef: string;
  body: Uint8Array;
  requestId: string;
  keyring: Keyring;
}): Promise<IncomingEvent | undefined> {
  const token = request.headers.get("asaas-access-token");
  if (token === null || token.length < MIN_TOKEN_LENGTH || token.length > MAX_TOKEN_LENGTH) return undefined;
  const { eventId, eventType } = await nameEvent(body, (value) => ({ id: value.id, type: value.event }));
  return {
    provider: "asaas",
    accountRef,
    eventId,
    eventType,
    raw: toBase64(body),
    tokenDigest: toBase64(await asaasTokenDigest({ keyring, token })),
    requestId,
  };
}
