import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerChaos, type Chaos, startCourier } from "./courier.ts";
import { answerApi } from "./github/api.ts";
import { answerArchive } from "./github/archives.ts";
import { type Control, createControl } from "./github/control.ts";
import { answerControl } from "./github/control-routes.ts";
import { createRateLimits, GITHUB_LIMITS, type Limits } from "./github/limits.ts";
import type { GitHubState } from "./github/state.ts";
import { GITHUB_TIMEOUT_MS, startWebhooks, type WebhookTarget } from "./github/webhooks.ts";
import type { World } from "./github/world.ts";
import { type StandIn, serve } from "./http-server.ts";
import { openStateFile } from "./state-file.ts";

export interface GitHubOptions {
  /** 0 picks a free port. */
  port?: number;
  /** Where the App's webhook goes; without it nothing is announced. */
  webhook?: WebhookTarget;
  /** Folder for the records and the repositories; memory and a temporary folder when left out. */
  stateDir?: string;
  now?: () => Date;
  /** Instead of GitHub's own. */
  limits?: Partial<Limits>;
  /** How long the receiver of a delivery may take. */
  webhookTimeoutMs?: number;
  /** Of the generator behind `chaos`. */
  seed?: number;
}

export interface GitHub extends StandIn, Control {
  appId: string;
  /** PKCS#1 PEM, as GitHub gives it. */
  privateKey: string;
  /** Mutable; also settable with `POST /local/setLimits`. */
  limits: Limits;
  chaos: Chaos;
  /** Resolves when no delivery is on its way; also `POST /local/idle`. */
  idle(): Promise<void>;
}

const FIRST_ID = 1_000_000;

/**
 * GitHub for one App: the REST API (2022-11-28) over repositories that are served by git itself, archives at `/codeload`, and
 * webhooks, each delivered once. What no call of the API does is an act of `Control`, also `POST /local/<act>`.
 *
 * @see https://docs.github.com/en/rest
 */
export async function startGitHub(options: GitHubOptions = {}): Promise<GitHub> {
  const { now = () => new Date(), seed = 1 } = options;
  const { state, save } = openStateFile<GitHubState>({ folder: options.stateDir, name: "github", empty: emptyState(now()) });
  save();
  const temporary = options.stateDir === undefined ? mkdtempSync(join(tmpdir(), "guilda-github-")) : undefined;
  const folder = temporary ?? join(options.stateDir ?? "", "repositories");
  mkdirSync(folder, { recursive: true });
  const limits = { ...GITHUB_LIMITS, ...options.limits };
  const world: World = { state, save, now, url: "", folder, limits };
  const courier = startCourier({ timeoutMs: options.webhookTimeoutMs ?? GITHUB_TIMEOUT_MS, seed });
  const webhooks = startWebhooks({ world, courier, target: options.webhook });
  const control = createControl({ world, webhooks });
  const rateLimits = createRateLimits({ limits, now });

  const standIn = await serve({
    port: options.port ?? 0,
    handle: async (request) =>
      answerChaos({ chaos: courier.chaos, request }) ??
      (await answerControl({ request, control, idle: courier.idle })) ??
      (await answerArchive({ world, request })) ??
      answerApi({ world, webhooks, rateLimits, request }),
  });
  world.url = standIn.url;
  return {
    ...standIn,
    ...control,
    appId: String(state.app.id),
    privateKey: state.app.privateKeyPem,
    limits,
    chaos: courier.chaos,
    idle: courier.idle,
    close: async () => {
      courier.close();
      await courier.idle();
      await standIn.close();
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    },
  };
}

function emptyState(now: Date): GitHubState {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const ownerId = FIRST_ID;
  return {
    app: {
      id: FIRST_ID + 1,
      clientId: `Iv23li${randomBytes(7).toString("hex")}`,
      slug: "guilda-local",
      name: "Guilda (local)",
      ownerId,
      hookId: FIRST_ID + 2,
      privateKeyPem: privateKey,
      createdAtMs: now.getTime(),
    },
    archiveSecret: randomBytes(32).toString("hex"),
    lastId: FIRST_ID + 2,
    accounts: [{ id: ownerId, login: "guilda", type: "Organization" }],
    repositories: [],
    installations: [],
    tokens: [],
    pulls: [],
    reviews: [],
    reviewComments: [],
    issueComments: [],
    checkRuns: [],
    deliveries: [],
  };
}
