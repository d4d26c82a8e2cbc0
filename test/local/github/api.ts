import { createHash, randomBytes } from "node:crypto";
import { json, type WireAnswer, type WireRequest } from "../http-server.ts";
import { forbidden, notFound, Refusal, refuse } from "./answers.ts";
import {
  createToken,
  getApp,
  getDelivery,
  getInstallation,
  getRepositoryInstallation,
  listDeliveries,
  listInstallationRepositories,
  listInstallations,
  redeliver,
} from "./apps.ts";
import { answerTarball } from "./archives.ts";
import { authenticate, type Caller, unauthorized } from "./authenticate.ts";
import { type Call, type RepositoryCall, withRepository } from "./call.ts";
import { createCheckRun, getCheckRun, listAnnotations, listCheckRuns, updateCheckRun } from "./check-runs.ts";
import { answerCommit, answerCommits, answerComparison } from "./commits.ts";
import { answerBlob, answerTree } from "./git-database.ts";
import {
  createIssueComment,
  deleteIssueComment,
  getIssueComment,
  listIssueComments,
  updateIssueComment,
} from "./issue-comments.ts";
import { type RateLimits, rateLimitView } from "./limits.ts";
import { getPull, listPullCommits, listPullFiles, listPulls } from "./pulls.ts";
import { repositoryView } from "./repository-view.ts";
import {
  createReview,
  createReviewComment,
  deleteReviewComment,
  listReviewComments,
  listReviews,
  updateReviewComment,
} from "./reviews.ts";
import type { Permissions, Repository } from "./state.ts";
import type { WebhookSender } from "./webhooks.ts";
import { findByFormerName, findByName, reaches, type World } from "./world.ts";

type Answer = WireAnswer | Promise<WireAnswer>;

/** Calls of the App itself, by its JWT. */
const APP_ROUTES: [method: string, path: RegExp, handle: (call: Call) => Answer][] = [
  ["GET", /^\/app$/, getApp],
  ["GET", /^\/app\/installations$/, listInstallations],
  ["GET", /^\/app\/installations\/(\d+)$/, getInstallation],
  ["POST", /^\/app\/installations\/(\d+)\/access_tokens$/, createToken],
  ["GET", /^\/app\/hook\/deliveries$/, listDeliveries],
  ["GET", /^\/app\/hook\/deliveries\/(\d+)$/, getDelivery],
  ["POST", /^\/app\/hook\/deliveries\/(\d+)\/attempts$/, redeliver],
  ["GET", /^\/repos\/([^/]+)\/([^/]+)\/installation$/, getRepositoryInstallation],
];

type Need = [permission: keyof Permissions, level: "read" | "write"];

/** Below `/repos/{owner}/{repo}` and `/repositories/{id}`, with the permission that a token needs. */
const REPOSITORY_ROUTES: [method: string, path: RegExp, need: Need, handle: (call: RepositoryCall) => Answer][] = [
  ["GET", /^$/, ["metadata", "read"], ({ world, repository }) => json(200, repositoryView(world, repository))],
  ["GET", /^\/tarball(?:\/(.+))?$/, ["contents", "read"], answerTarball],
  ["GET", /^\/git\/trees\/(.+)$/, ["contents", "read"], answerTree],
  ["GET", /^\/git\/blobs\/([^/]+)$/, ["contents", "read"], answerBlob],
  ["GET", /^\/compare\/(.+?)\.\.\.(.+)$/, ["contents", "read"], answerComparison],
  ["GET", /^\/commits$/, ["contents", "read"], answerCommits],
  ["GET", /^\/commits\/(.+)\/check-runs$/, ["checks", "read"], listCheckRuns],
  ["GET", /^\/commits\/(.+)$/, ["contents", "read"], answerCommit],
  ["GET", /^\/pulls$/, ["pull_requests", "read"], listPulls],
  ["GET", /^\/pulls\/(\d+)$/, ["pull_requests", "read"], getPull],
  ["GET", /^\/pulls\/(\d+)\/files$/, ["pull_requests", "read"], listPullFiles],
  ["GET", /^\/pulls\/(\d+)\/commits$/, ["pull_requests", "read"], listPullCommits],
  ["GET", /^\/pulls\/(\d+)\/reviews$/, ["pull_requests", "read"], listReviews],
  ["POST", /^\/pulls\/(\d+)\/reviews$/, ["pull_requests", "write"], createReview],
  ["GET", /^\/pulls\/(\d+)\/comments$/, ["pull_requests", "read"], listReviewComments],
  ["POST", /^\/pulls\/(\d+)\/comments$/, ["pull_requests", "write"], createReviewComment],
  ["PATCH", /^\/pulls\/comments\/(\d+)$/, ["pull_requests", "write"], updateReviewComment],
  ["DELETE", /^\/pulls\/comments\/(\d+)$/, ["pull_requests", "write"], deleteReviewComment],
  ["GET", /^\/issues\/(\d+)\/comments$/, ["pull_requests", "read"], listIssueComments],
  ["POST", /^\/issues\/(\d+)\/comments$/, ["pull_requests", "write"], createIssueComment],
  ["GET", /^\/issues\/comments\/(\d+)$/, ["pull_requests", "read"], getIssueComment],
  ["PATCH", /^\/issues\/comments\/(\d+)$/, ["pull_requests", "write"], updateIssueComment],
  ["DELETE", /^\/issues\/comments\/(\d+)$/, ["pull_requests", "write"], deleteIssueComment],
  ["POST", /^\/check-runs$/, ["checks", "write"], createCheckRun],
  ["GET", /^\/check-runs\/(\d+)$/, ["checks", "read"], getCheckRun],
  ["PATCH", /^\/check-runs\/(\d+)$/, ["checks", "write"], updateCheckRun],
  ["GET", /^\/check-runs\/(\d+)\/annotations$/, ["checks", "read"], listAnnotations],
];

const VERSIONS = ["2022-11-28"];

/**
 * The calls of GitHub's REST API that Guilda uses, in version 2022-11-28.
 *
 * @see https://docs.github.com/en/rest
 */
export async function answerApi({
  world,
  webhooks,
  rateLimits,
  request,
}: {
  world: World;
  webhooks: WebhookSender;
  rateLimits: RateLimits;
  request: WireRequest;
}): Promise<WireAnswer> {
  if (!request.headers["user-agent"]) return { status: 403, headers: { "content-type": "text/html" }, body: NO_USER_AGENT };
  let caller: Caller = { kind: "anonymous" };
  const refused = await answerOf(() => {
    caller = authenticate({ world, authorization: request.headers.authorization });
    return undefined;
  });
  const entry = rateLimits.enter({ caller, request });
  try {
    const answer =
      refused ??
      entry.refusal?.answer ??
      (await answerOf(() => route({ world, webhooks, caller, request, limits: entry.headers() })));
    const cached = withEntityTag({ request, answer: answer ?? notFound().answer });
    if (cached.status === 304) entry.refund();
    return { ...cached, headers: { ...commonHeaders(world), ...withCharset(cached), ...entry.headers() } };
  } finally {
    entry.leave();
  }
}

const NO_USER_AGENT =
  "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.";

async function answerOf(work: () => Answer | undefined): Promise<WireAnswer | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    if (error instanceof URIError) return refuse({ status: 400, message: "Bad Request" }).answer;
    throw error;
  }
}

function route({
  world,
  webhooks,
  caller,
  request,
  limits,
}: {
  world: World;
  webhooks: WebhookSender;
  caller: Caller;
  request: WireRequest;
  limits: Record<string, string>;
}): Answer {
  const version = request.headers["x-github-api-version"];
  if (version !== undefined && !VERSIONS.includes(version)) {
    throw refuse({
      status: 400,
      message: `${version} is not a supported API version. Supported versions: ${VERSIONS.join(", ")}`,
    });
  }
  const { pathname, searchParams: query } = new URL(request.path, world.url);
  const call: Call = { world, webhooks, caller, request, path: pathname, params: [], query };
  if (request.method === "GET" && pathname === "/rate_limit") return json(200, rateLimitView(limits));
  if (request.method === "GET" && pathname === "/installation/repositories") return listInstallationRepositories(call);
  for (const [method, path, handle] of APP_ROUTES) {
    const match = path.exec(pathname);
    if (match === null || method !== request.method) continue;
    if (caller.kind !== "app") throw unauthorized("A JSON web token could not be decoded");
    return handle({ ...call, params: decoded(match) });
  }
  return routeRepository(call);
}

function routeRepository(call: Call): Answer {
  const { world, request } = call;
  const [, byId, byName, rest = ""] = /^\/(?:repositories\/(\d+)|repos\/([^/]+\/[^/]+))(\/.*)?$/.exec(call.path) ?? [];
  const name = decodeURIComponent(byName ?? "");
  const repository =
    byId === undefined ? findByName(world, name) : world.state.repositories.find(({ id }) => id === Number(byId));
  const moved = repository === undefined ? findByFormerName(world, name) : undefined;
  const found = repository ?? moved;
  if (found === undefined || !isVisible(call.caller, found)) throw notFound();
  const path = `/repositories/${found.id}${rest}`;
  if (moved !== undefined) return redirect({ ...call, path });
  for (const [method, pattern, need, handle] of REPOSITORY_ROUTES) {
    const match = pattern.exec(rest);
    if (match === null || method !== request.method) continue;
    requirePermission({ caller: call.caller, repository: found, need });
    return handle(withRepository({ ...call, path, params: decoded(match) }, found));
  }
  throw notFound();
}

/** @see https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects */
function redirect({ world, path, query, request }: Call): WireAnswer {
  const url = `${world.url}${path}${query.size > 0 ? `?${query}` : ""}`;
  const isRead = request.method === "GET";
  const body = {
    message: isRead ? "Moved Permanently" : "Temporary Redirect",
    url,
    documentation_url: "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
  };
  return json(isRead ? 301 : 307, body, { location: url });
}

/** What a caller may not see is not there. */
function isVisible(caller: Caller, repository: Repository): boolean {
  return !repository.isPrivate || isGranted(caller, repository);
}

function isGranted(caller: Caller, repository: Repository): boolean {
  if (caller.kind !== "installation") return false;
  const { installation, token } = caller;
  return reaches(installation, repository) && (token.repositoryIds?.includes(repository.id) ?? true);
}

function requirePermission({
  caller,
  repository,
  need: [permission, level],
}: {
  caller: Caller;
  repository: Repository;
  need: Need;
}): void {
  if (caller.kind === "app") throw forbidden();
  if (level === "read" && !repository.isPrivate) return;
  if (caller.kind === "anonymous") throw refuse({ status: 401, message: "Requires authentication" });
  const has = caller.token.permissions[permission];
  if (!isGranted(caller, repository) || !(has === "write" || (has === "read" && level === "read"))) throw forbidden();
}

function decoded(match: RegExpExecArray): string[] {
  return match.slice(1).map((part) => decodeURIComponent(part ?? ""));
}

/** An answer that the caller holds already is not sent again. */
function withEntityTag({ request, answer }: { request: WireRequest; answer: WireAnswer }): WireAnswer {
  if (request.method !== "GET" || answer.status !== 200) return answer;
  const etag =
    answer.headers?.etag ??
    `W/"${createHash("sha256")
      .update(answer.body ?? "")
      .digest("hex")}"`;
  const headers = { ...answer.headers, etag, "cache-control": "private, max-age=60, s-maxage=60" };
  const known = (request.headers["if-none-match"] ?? "").split(/\s*,\s*/);
  return known.includes(etag) ? { status: 304, headers, body: "" } : { ...answer, headers };
}

function withCharset({ headers }: WireAnswer): Record<string, string> {
  const isJson = headers?.["content-type"] === "application/json";
  return { ...headers, ...(isJson && { "content-type": "application/json; charset=utf-8" }) };
}

function commonHeaders(world: World): Record<string, string> {
  return {
    date: world.now().toUTCString(),
    server: "github.com",
    vary: "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With",
    "x-github-api-version-selected": "2022-11-28",
    "x-github-media-type": "github.v3; format=json",
    "x-github-request-id": randomBytes(16).toString("hex").toUpperCase(),
  };
}
