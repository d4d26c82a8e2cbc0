import { randomBytes } from "node:crypto";
import * as z from "zod";
import { json, type WireAnswer } from "../http-server.ts";
import { appView, installationView } from "./account-view.ts";
import { instant, refuse } from "./answers.ts";
import { suspended } from "./authenticate.ts";
import { answerList, bodyOf, type Call, paginate } from "./call.ts";
import { repositoryView } from "./repository-view.ts";
import type { Delivery, Installation, Permissions, Repository, Schemas } from "./state.ts";
import { deliveryHeaders, recentDeliveries } from "./webhooks.ts";
import { accountOf, fullName, reaches, required } from "./world.ts";

const TOKEN_LIFETIME_MS = 60 * 60 * 1000;
const LEVELS = ["read", "write", "admin"];

const tokenBody = z.object({
  repositories: z.array(z.string()).max(500).optional(),
  repository_ids: z.array(z.int()).max(500).optional(),
  permissions: z.record(z.string(), z.enum(["read", "write", "admin"])).optional(),
});

export function getApp({ world }: Call): WireAnswer {
  return json(200, { ...appView(world, world.state.app), installations_count: world.state.installations.length });
}

export function listInstallations(call: Call): Promise<WireAnswer> {
  return answerList(call, call.world.state.installations, (each) => installationView(call.world, each));
}

export function getInstallation(call: Call): WireAnswer {
  return json(200, installationView(call.world, installationOf(call)));
}

/** `POST /app/installations/{id}/access_tokens`: a token for an hour, for all or some of what the installation reaches. */
export function createToken(call: Call): WireAnswer {
  const { world } = call;
  const installation = installationOf(call);
  if (installation.suspended !== null) throw suspended();
  const body = bodyOf(call, tokenBody);
  const isNarrowed = body.repositories !== undefined || body.repository_ids !== undefined;
  const repositories = isNarrowed ? chosen({ call, installation, ...body }) : null;
  const permissions = narrow(installation.permissions, body.permissions);
  const expiresAtMs = world.now().getTime() + TOKEN_LIFETIME_MS;
  const token = `ghs_${randomBytes(27).toString("base64url").replaceAll(/[-_]/g, "0")}`;
  const { state } = world;
  state.tokens = state.tokens.filter((each) => each.expiresAtMs > world.now().getTime());
  const repositoryIds = repositories?.map(({ id }) => id) ?? null;
  state.tokens.push({ token, installationId: installation.id, repositoryIds, permissions, expiresAtMs });
  world.save();
  const answer: Schemas["installation-token"] = {
    token,
    expires_at: instant(expiresAtMs),
    permissions,
    repository_selection: isNarrowed ? "selected" : installation.selection,
    ...(repositories !== null && { repositories: repositories.map((each) => repositoryView(world, each)) }),
  };
  return json(201, answer);
}

/** `GET /installation/repositories`, with the token of an installation. */
export function listInstallationRepositories(call: Call): WireAnswer {
  const { caller, world } = call;
  if (caller.kind !== "installation")
    throw refuse({
      status: 403,
      message: "You must authenticate with an installation access token in order to list repositories for an installation.",
    });
  const { installation, token } = caller;
  const reached = world.state.repositories.filter(
    (each) => reaches(installation, each) && (token.repositoryIds?.includes(each.id) ?? true),
  );
  const { items, total, headers } = paginate(call, reached);
  const repository_selection = token.repositoryIds === null ? installation.selection : "selected";
  return json(
    200,
    { total_count: total, repository_selection, repositories: items.map((each) => repositoryView(world, each)) },
    headers,
  );
}

/** `GET /repos/{owner}/{repo}/installation`, as the App. */
export function getRepositoryInstallation(call: Call): WireAnswer {
  const { world, params } = call;
  const repository = world.state.repositories.find(
    (each) => fullName(world, each).toLowerCase() === params.join("/").toLowerCase(),
  );
  const installation = world.state.installations.find((each) => repository !== undefined && reaches(each, repository));
  return json(200, installationView(world, required(installation)));
}

/** `GET /app/hook/deliveries`: the last three days, newest first, by cursor. */
export function listDeliveries(call: Call): WireAnswer {
  const { world, query } = call;
  const size = Math.min(100, Number(query.get("per_page")) || 30);
  const cursor = /^v1_(\d+)$/.exec(query.get("cursor") ?? "")?.[1];
  const older = recentDeliveries(world).filter(({ id }) => cursor === undefined || id <= Number(cursor));
  const next = older[size];
  const headers: Record<string, string> = {};
  if (next !== undefined) {
    headers.link = `<${world.url}/app/hook/deliveries?per_page=${size}&cursor=v1_${next.id}>; rel="next"`;
  }
  return json(200, older.slice(0, size).map(deliveryItem), headers);
}

export function getDelivery(call: Call): WireAnswer {
  const { world } = call;
  const delivery = deliveryOf(call);
  const { app } = world.state;
  // The secret is not shown, and nothing of the App's signature is.
  const headers = deliveryHeaders({ delivery, appId: app.id, hookId: app.hookId, secret: "" });
  const { "x-hub-signature-256": _signature, ...shown } = headers;
  const answer: Schemas["hook-delivery"] = {
    ...deliveryItem(delivery),
    request: { headers: shown, payload: JSON.parse(delivery.body) },
    response: { headers: {}, payload: "" },
  };
  return json(200, answer);
}

/** `POST /app/hook/deliveries/{id}/attempts`. */
export function redeliver(call: Call): WireAnswer {
  call.webhooks.redeliver(deliveryOf(call));
  return json(202, {});
}

function installationOf({ world, params: [id] }: Call): Installation {
  return required(world.state.installations.find((each) => each.id === Number(id)));
}

function deliveryOf({ world, params: [id] }: Call): Delivery {
  return required(recentDeliveries(world).find((each) => each.id === Number(id)));
}

function chosen({
  call: { world },
  installation,
  repositories = [],
  repository_ids = [],
}: {
  call: Call;
  installation: Installation;
  repositories?: string[] | undefined;
  repository_ids?: number[] | undefined;
}): Repository[] {
  const owner = accountOf(world, installation.accountId);
  const find = (isIt: (repository: Repository) => boolean) => {
    const found = world.state.repositories.find((each) => isIt(each) && reaches(installation, each));
    if (found !== undefined) return found;
    throw refuse({
      status: 422,
      message: "There is at least one repository that does not exist or is not accessible to the parent installation.",
      page: "apps/apps#create-an-installation-access-token-for-an-app",
    });
  };
  return [
    ...repositories.map((name) => find((each) => fullName(world, each).toLowerCase() === `${owner.login}/${name}`.toLowerCase())),
    ...repository_ids.map((id) => find((each) => each.id === id)),
  ];
}

function narrow(granted: Permissions, wanted: Record<string, string> | undefined): Permissions {
  if (wanted === undefined) return granted;
  const has: Record<string, string | undefined> = granted;
  for (const [name, level] of Object.entries(wanted)) {
    if (LEVELS.indexOf(level) > LEVELS.indexOf(has[name] ?? "")) {
      throw refuse({ status: 422, message: "The permissions requested are not granted to this installation." });
    }
  }
  return { metadata: "read", ...wanted };
}

function deliveryItem({ id, guid, event, action, installationId, repositoryId, isRedelivery, outcome }: Delivery) {
  return {
    id,
    guid,
    delivered_at: new Date(outcome?.deliveredAtMs ?? 0).toISOString(),
    redelivery: isRedelivery,
    duration: Math.round((outcome?.durationMs ?? 0) / 10) / 100,
    status: outcome?.status ?? "",
    status_code: outcome?.statusCode ?? 0,
    event,
    action,
    installation_id: installationId,
    repository_id: repositoryId,
    throttled_at: null,
  } satisfies Schemas["hook-delivery-item"];
}
