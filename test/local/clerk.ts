import type { UserJSON, WebhookEvent } from "@clerk/backend";
import { answerBackendApi } from "./clerk/backend-api.ts";
import { type Directory, type DirectoryState, hasEmail, openDirectory } from "./clerk/directory.ts";
import { newId } from "./clerk/resources.ts";
import { generateKeyPair, type KeyPair, publicJwk, signToken, type TokenOverrides } from "./clerk/sign-token.ts";
import { SVIX_TIMEOUT_MS, type SvixMessage, startSvix } from "./clerk/svix.ts";
import { answerChaos, type Chaos, startCourier } from "./courier.ts";
import { json, type StandIn, serve, type WireAnswer, type WireRequest } from "./http-server.ts";
import { openStateFile } from "./state-file.ts";

export interface ClerkOptions {
  /** 0 picks a free port. */
  port?: number;
  /** Where webhooks go; without it nothing is announced. */
  webhook?: { url: string; signingSecret: string };
  /** The `azp` of tokens: the origin of the console. */
  authorizedParty: string;
  /** Signs the tokens; kept in the state folder, or made new, when left out. */
  keyPair?: KeyPair;
  /** Folder for users, sessions, the key pair and undelivered webhooks; in memory alone when left out. */
  stateDir?: string;
  /** Divides every wait of Svix's retry ladder. */
  timeScale?: number;
  /** How long the receiver of a webhook may take. */
  webhookTimeoutMs?: number;
  now?: () => Date;
  /** Of the generator behind `chaos`. */
  seed?: number;
}

export interface MintInput {
  /** The session that the token speaks for; it must be active. */
  sessionId?: string;
  /** Instead of `sessionId`: the newest active session of this user, a new one when there is none. */
  userId?: string;
  ttlSeconds?: number;
  /** Custom claims; as at Clerk they cannot replace a default one. */
  claims?: Record<string, unknown>;
  /** Makes a hostile token. */
  overrides?: TokenOverrides;
}

export interface Clerk extends StandIn, Omit<Directory, "findUser" | "findSession" | "activeSessionOf" | "membershipsOf"> {
  /** Public key (PEM): `CLERK_JWT_KEY`. */
  jwtKey: string;
  secretKey: string;
  publishableKey: string;
  /** Every secret in the list signs each webhook: add a second one to rotate. */
  signingSecrets: string[];
  chaos: Chaos;
  users(): UserJSON[];
  /** @returns a signed session token. */
  mint(input: MintInput): string;
  /**
   * Sends any event, true to a change or not.
   *
   * @param options.id `svix-id`, to deliver a message again; a new one when left out.
   * @param options.at the event's own time, for events that are late.
   * @returns the `svix-id`.
   */
  sendWebhook(type: WebhookEvent["type"], data: object, options?: { id?: string; at?: Date }): string;
  /** Resolves when no webhook is on its way or waits for a retry. */
  idle(): Promise<void>;
}

interface ClerkState extends DirectoryState {
  keyPair: KeyPair | null;
  instanceId: string;
  outbox: SvixMessage[];
}

const FRONTEND_API = "guilda-local.clerk.accounts.dev";
const ISSUER = `https://${FRONTEND_API}`;
const KEY_ID = "ins_guilda_local";
const SECRET_KEY = "sk_test_guilda_local_stand_in";
const TOKEN_LIFETIME_SECONDS = 60;
const NOT_BEFORE_SKEW_SECONDS = 10;

/**
 * A Clerk instance: session tokens (RS256, claims version 2), the Backend API calls that Guilda uses, and webhooks
 * delivered by Svix. `POST /local/tokens {email, ttlSeconds?}` → `{token}` serves the command line alone.
 *
 * @see https://clerk.com/docs/guides/sessions/session-tokens
 */
export async function startClerk(options: ClerkOptions): Promise<Clerk> {
  const { authorizedParty, webhook, timeScale = 1, now = () => new Date(), seed = 1 } = options;
  const { state, save } = openStateFile<ClerkState>({ folder: options.stateDir, name: "clerk", empty: emptyState() });
  const keyPair = options.keyPair ?? state.keyPair ?? generateKeyPair();
  state.keyPair = keyPair;
  save();
  const courier = startCourier({ timeoutMs: options.webhookTimeoutMs ?? SVIX_TIMEOUT_MS, seed });
  const signingSecrets = webhook === undefined ? [] : [webhook.signingSecret];
  const send =
    webhook === undefined
      ? undefined
      : startSvix({ endpoint: { url: webhook.url, signingSecrets }, outbox: state.outbox, courier, timeScale, now, save });

  function sendWebhook(type: WebhookEvent["type"], data: object, { id = newId("msg"), at = now() } = {}): string {
    if (send === undefined) throw new Error("this Clerk has no webhook endpoint");
    send({ id, body: JSON.stringify(envelope({ type, data, at, instanceId: state.instanceId })) });
    return id;
  }

  const directory = openDirectory({
    state,
    now,
    announce: (type, data) => {
      save();
      if (send !== undefined) sendWebhook(type, data);
    },
  });
  const mint = (input: MintInput) => mintToken({ input, directory, keyPair, authorizedParty, now });
  const jwks = [publicJwk({ keyPair, keyId: KEY_ID })];
  const api = { directory, state, secretKey: SECRET_KEY, jwks };

  const standIn = await serve({
    port: options.port ?? 0,
    handle: async (request) =>
      answerChaos({ chaos: courier.chaos, request }) ??
      answerTokenRequest({ request, users: state.users, mint }) ??
      answerBackendApi({ api, request }),
  });
  return {
    ...standIn,
    ...directory,
    jwtKey: keyPair.publicPem,
    secretKey: SECRET_KEY,
    publishableKey: `pk_test_${Buffer.from(`${FRONTEND_API}$`).toString("base64")}`,
    signingSecrets,
    chaos: courier.chaos,
    users: () => state.users,
    mint,
    sendWebhook,
    idle: courier.idle,
    close: async () => {
      courier.close();
      await courier.idle();
      await standIn.close();
    },
  };
}

function emptyState(): ClerkState {
  return {
    keyPair: null,
    instanceId: newId("ins"),
    users: [],
    organizations: [],
    memberships: [],
    sessions: [],
    outbox: [],
  };
}

function mintToken({
  input: { sessionId, userId, ttlSeconds = TOKEN_LIFETIME_SECONDS, claims = {}, overrides = {} },
  directory,
  keyPair,
  authorizedParty,
  now,
}: {
  input: MintInput;
  directory: Directory;
  keyPair: KeyPair;
  authorizedParty: string;
  now: () => Date;
}): string {
  const session = sessionId === undefined ? directory.activeSessionOf(userId ?? "") : directory.findSession(sessionId);
  if (session?.status !== "active")
    throw new Error(`session ${sessionId} is ${session?.status ?? "unknown"}: Clerk mints no token`);
  const issuedAt = Math.floor(now().getTime() / 1000);
  const defaults = {
    azp: authorizedParty,
    exp: issuedAt + ttlSeconds,
    fva: [0, -1],
    iat: issuedAt,
    iss: ISSUER,
    nbf: issuedAt - NOT_BEFORE_SKEW_SECONDS,
    ...organizationClaim({ directory, userId: session.user_id, organizationId: session.last_active_organization_id }),
    sid: session.id,
    sub: session.user_id,
    v: 2,
  };
  return signToken({ keyPair, keyId: KEY_ID, claims: { ...claims, ...defaults }, overrides });
}

/** Version 2 names the active organisation in one `o` claim, its role without the `org:` prefix. */
function organizationClaim({
  directory,
  userId,
  organizationId,
}: {
  directory: Directory;
  userId: string;
  organizationId: string | undefined;
}): { o?: { id: string; slg: string; rol: string } } {
  if (organizationId === undefined) return {};
  const [membership] = directory.membershipsOf({ organizationId, userId });
  if (membership === undefined) return {};
  const { id, slug } = membership.organization;
  return { o: { id, slg: slug, rol: membership.role.replace(/^org:/, "") } };
}

function envelope({ type, data, at, instanceId }: { type: string; data: object; at: Date; instanceId: string }): object {
  return {
    data,
    event_attributes: { http_request: { client_ip: "203.0.113.7", user_agent: "Mozilla/5.0" } },
    instance_id: instanceId,
    object: "event",
    timestamp: at.getTime(),
    type,
  };
}

/** `POST /local/tokens`. @returns nothing for another path. */
function answerTokenRequest({
  request,
  users,
  mint,
}: {
  request: WireRequest;
  users: UserJSON[];
  mint: (input: MintInput) => string;
}): WireAnswer | undefined {
  if (request.path !== "/local/tokens" || request.method !== "POST") return undefined;
  const { email, ttlSeconds } = JSON.parse(request.body.toString()) as { email: string; ttlSeconds?: number };
  const user = users.find((each) => hasEmail(each, email));
  if (user === undefined) return json(404, { error: `no user has the e-mail ${email}` });
  return json(200, { token: mint({ userId: user.id, ...(ttlSeconds === undefined ? {} : { ttlSeconds }) }) });
}
