import { Receiver } from "@upstash/qstash";

const CLOCK_TOLERANCE_S = 10;

/**
 * Reads a message that QStash signed for exactly this endpoint: the URL is built from configuration, because a signature made for
 * another endpoint of the same account would verify as well.
 *
 * @returns the body as text; undefined for anything else, without saying why.
 */
export async function readSigned({
  request,
  publicUrl,
  signingKeys,
}: {
  request: Request;
  publicUrl: string;
  signingKeys: { currentSigningKey: string; nextSigningKey: string };
}): Promise<string | undefined> {
  const signature = request.headers.get("upstash-signature");
  if (signature === null || !signsABody(signature)) return undefined;
  const body = await request.text();
  const { pathname, search } = new URL(request.url);
  const receiver = new Receiver({ ...signingKeys, devMode: false });
  try {
    const isValid = await receiver.verify({
      signature,
      body,
      url: `${publicUrl}${pathname}${search}`,
      clockTolerance: CLOCK_TOLERANCE_S,
    });
    return isValid ? body : undefined;
  } catch {
    return undefined;
  }
}

/** The receiver also takes tokens that never expire, other HMACs, and trips over a missing body claim. */
function signsABody(signature: string): boolean {
  const [header, claims] = signature.split(".").map(decodePart);
  return header?.alg === "HS256" && typeof claims?.exp === "number" && typeof claims.body === "string";
}

function decodePart(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/")));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
