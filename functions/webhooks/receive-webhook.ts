import { sha256Hex } from "../../shared/bytes.ts";
import type { KeyringSource } from "../../shared/db/sensitive.ts";
import { AppError, NotFoundError, UnauthorizedError, UnavailableError } from "../../shared/errors/app-error.ts";
import { toHttpResponse } from "../../shared/errors/to-http-response.ts";
import { jobPath } from "../../shared/jobs/catalog.ts";
import { readSigned } from "../../shared/jobs/read-signed.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { describeError } from "../../shared/log/scrub.ts";
import { type IncomingEvent, incomingEvent } from "./incoming-event.ts";
import { readAsaasEvent } from "./read-asaas-event.ts";
import { readClerkEvent } from "./read-clerk-event.ts";
import { readGithubEvent } from "./read-github-event.ts";
import { storeEvent } from "./services/store-event.ts";

const REPLAY_PATH = jobPath("webhooks.store-event");
/** As many as every plan of QStash allows. */
const REPLAY_RETRIES = 3;
const VERIFIER_TTL_S = 86_400;

export interface WebhookDependencies {
  kernel: Kernel;
  keyring: KeyringSource;
  clerkSigningSecret: string;
  githubSecret: string;
  /** Digests that the database has accepted, by account: they vouch for a delivery while the database is down. */
  knownTokens: Map<string, string>;
}

interface Call extends WebhookDependencies {
  request: Request;
  waitUntil: (work: Promise<unknown>) => void;
}

/**
 * Answers `/webhooks/:provider` and the replay of what came while the database was down. A delivery is answered 200 when it is stored
 * (now or before), or when QStash has taken it over; 401 when it is not the provider's; 503 when it must come again.
 */
export async function receiveWebhook(call: Call): Promise<Response> {
  const startedAt = performance.now();
  const { kernel, request } = call;
  const requestId = request.headers.get("x-request-id") ?? kernel.newId();
  const { pathname } = new URL(request.url);
  const log = kernel.log.with({
    requestId,
    route: pathname.startsWith("/webhooks/asaas/") ? "/webhooks/asaas/:accountRef" : pathname,
  });
  try {
    const event = pathname === REPLAY_PATH ? await readReplay(call) : await readDelivery(call, pathname, requestId);
    const outcome = await keep({ ...call, kernel: { ...kernel, log } }, event, pathname !== REPLAY_PATH);
    log.write("info", "webhook.answered", {
      outcome,
      status: 200,
      provider: event.provider,
      externalId: event.eventId,
      durationMs: elapsed(startedAt),
    });
    return Response.json({ data: { outcome }, error: null });
  } catch (error) {
    const status = error instanceof AppError ? error.status : 500;
    log.write(status >= 500 ? "error" : "warn", "webhook.answered", {
      outcome: "refused",
      status,
      error: describeError(error),
      durationMs: elapsed(startedAt),
    });
    return toHttpResponse(error);
  }
}

async function readDelivery(
  { request, keyring, clerkSigningSecret, githubSecret }: Call,
  pathname: string,
  requestId: string,
): Promise<IncomingEvent> {
  const [, , provider, accountRef, rest] = pathname.split("/");
  if (request.method !== "POST" || rest !== undefined) throw new NotFoundError();
  const body = new Uint8Array(await request.arrayBuffer());
  let event: IncomingEvent | undefined;
  if (provider === "asaas" && accountRef !== undefined && /^[\w-]{8,100}$/.test(accountRef)) {
    event = await readAsaasEvent({ request, accountRef, body, requestId, keyring: await keyring() });
  } else if (provider === "clerk" && accountRef === undefined) {
    event = await readClerkEvent({ request, body, requestId, signingSecret: clerkSigningSecret });
  } else if (provider === "github" && accountRef === undefined) {
    event = await readGithubEvent({ request, body, requestId, secret: githubSecret });
  } else {
    throw new NotFoundError();
  }
  if (event === undefined) throw new UnauthorizedError("Not verified");
  return event;
}

/** A delivery that QStash kept while the database was down. Its proof travels with it and is judged like the first time. */
async function readReplay({ request, kernel }: Call): Promise<IncomingEvent> {
  const message = await readSigned({ request, ...kernel });
  const event = message === undefined ? undefined : readIncoming(message);
  if (event === undefined) throw new UnauthorizedError("Not verified");
  return event;
}

function readIncoming(message: string): IncomingEvent | undefined {
  try {
    return incomingEvent.parse(JSON.parse(message));
  } catch {
    return undefined;
  }
}

async function keep(call: Call, event: IncomingEvent, mayHandOver: boolean): Promise<"stored" | "duplicate" | "handed_over"> {
  const { kernel, waitUntil } = call;
  try {
    const stored = await storeEvent({ connection: kernel.connection, event, newId: kernel.newId });
    if (!stored.isKnown) throw new UnauthorizedError("Not verified");
    if (stored.isMismatch) kernel.log.write("error", "webhook.mismatch", { provider: event.provider, externalId: event.eventId });
    if (stored.job !== null) waitUntil(kernel.doorbell.ring([stored.job], kernel.log));
    if (event.tokenDigest !== undefined) waitUntil(rememberToken(call, event.accountRef, event.tokenDigest));
    return stored.isNew ? "stored" : "duplicate";
  } catch (error) {
    if (!mayHandOver || !(error instanceof UnavailableError) || !(await isVouchedFor(call, event))) throw error;
    await handOver(kernel, event);
    return "handed_over";
  }
}

async function handOver({ doorbell, log }: Kernel, event: IncomingEvent): Promise<void> {
  try {
    await doorbell.hand({
      path: REPLAY_PATH,
      body: event,
      deduplicationId: await deduplicationId(event),
      retries: REPLAY_RETRIES,
    });
  } catch (error) {
    log.write("error", "webhook.hand_over_failed", { error: describeError(error) });
    throw new UnavailableError();
  }
}

/** Provider ids may hold characters that a header cannot. */
async function deduplicationId({ provider, accountRef, eventId, raw }: IncomingEvent): Promise<string> {
  return `webhook-${await sha256Hex(`${provider}\n${accountRef}\n${eventId}\n${raw}`)}`;
}

function verifierKey(accountRef: string): string {
  return `webhook-token:v1:asaas:${accountRef}`;
}

async function rememberToken({ kernel, knownTokens }: Call, accountRef: string, digest: string): Promise<void> {
  if (knownTokens.get(accountRef) === digest) return;
  knownTokens.set(accountRef, digest);
  try {
    await kernel.cache.set(verifierKey(accountRef), digest, { ttlSeconds: VERIFIER_TTL_S });
  } catch {
    kernel.log.write("warn", "webhook.cache_write_failed");
  }
}

/** Whether the delivery may be taken without the database: its signature was verified, or its token is one that the database accepted before. */
async function isVouchedFor({ kernel, knownTokens }: Call, { accountRef, tokenDigest }: IncomingEvent): Promise<boolean> {
  if (tokenDigest === undefined) return true;
  if (knownTokens.get(accountRef) === tokenDigest) return true;
  try {
    return (await kernel.cache.get(verifierKey(accountRef))) === tokenDigest;
  } catch {
    return false;
  }
}

function elapsed(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
