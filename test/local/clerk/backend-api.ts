import { randomBytes } from "node:crypto";
import { json, type WireAnswer, type WireRequest } from "../http-server.ts";
import { type Directory, type DirectoryState, hasEmail } from "./directory.ts";

export interface BackendApi {
  directory: Directory;
  state: DirectoryState;
  secretKey: string;
  /** Keys of `GET /v1/jwks`. */
  jwks: object[];
}

interface ClerkError {
  code: string;
  message: string;
  long_message: string;
  meta?: { param_name: string };
}

type Handler = (call: { api: BackendApi; id: string; query: URLSearchParams }) => WireAnswer;

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 500;

const ROUTES: [method: string, path: RegExp, handle: Handler][] = [
  ["GET", /^\/v1\/jwks$/, ({ api }) => json(200, { keys: api.jwks })],
  ["GET", /^\/v1\/users$/, ({ api, query }) => listPage(matchingUsers(api, query), query, (users) => users)],
  ["GET", /^\/v1\/users\/count$/, countUsers],
  ["GET", /^\/v1\/users\/([^/]+)$/, ({ api, id }) => found(api.directory.findUser(id), `No user was found with id ${id}`)],
  ["GET", /^\/v1\/users\/([^/]+)\/organization_memberships$/, listUserMemberships],
  ["GET", /^\/v1\/organizations\/([^/]+)\/memberships$/, listOrganizationMemberships],
  ["GET", /^\/v1\/sessions\/([^/]+)$/, ({ api, id }) => found(api.directory.findSession(id), sessionNotFound(id))],
  ["POST", /^\/v1\/sessions\/([^/]+)\/revoke$/, revokeSession],
];

/**
 * The calls of Clerk's Backend API that Guilda uses, with Clerk's error shape.
 *
 * @see https://clerk.com/docs/reference/backend-api
 */
export function answerBackendApi({ api, request }: { api: BackendApi; request: WireRequest }): WireAnswer {
  if (request.headers.authorization !== `Bearer ${api.secretKey}`) return refuseKey(request.headers.authorization);
  const url = new URL(request.path, "http://clerk.local");
  for (const [method, path, handle] of ROUTES) {
    const match = path.exec(url.pathname);
    if (match === null || method !== request.method) continue;
    return handle({ api, id: decodeURIComponent(match[1] ?? ""), query: url.searchParams });
  }
  return clerkError(404, { code: "resource_not_found", message: "not found", long_message: "The URL was not found" });
}

/** @returns an error as the Backend API words it. */
export function clerkError(status: number, error: ClerkError): WireAnswer {
  return json(status, { errors: [error], clerk_trace_id: randomBytes(16).toString("hex") });
}

function refuseKey(authorization: string | undefined): WireAnswer {
  if (authorization === undefined) {
    return clerkError(401, {
      code: "authorization_header_format_invalid",
      message: "Invalid Authorization header format",
      long_message: "Invalid Authorization header format. Must be 'Bearer <YOUR_API_KEY>'",
    });
  }
  const message = "The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.";
  return clerkError(401, { code: "clerk_key_invalid", message, long_message: message });
}

function countUsers({ api, query }: Parameters<Handler>[0]): WireAnswer {
  return json(200, { object: "total_count", total_count: matchingUsers(api, query).length });
}

function listUserMemberships({ api, id, query }: Parameters<Handler>[0]): WireAnswer {
  if (api.directory.findUser(id) === undefined) return notFound(`No user was found with id ${id}`);
  return listPage(api.directory.membershipsOf({ userId: id }), query, withTotal);
}

function listOrganizationMemberships({ api, id, query }: Parameters<Handler>[0]): WireAnswer {
  const isKnown = api.state.organizations.some((organization) => organization.id === id);
  if (!isKnown) return notFound(`No organization was found with id ${id}`);
  return listPage(api.directory.membershipsOf({ organizationId: id }), query, withTotal);
}

function revokeSession({ api, id }: Parameters<Handler>[0]): WireAnswer {
  if (api.directory.findSession(id) === undefined) return notFound(sessionNotFound(id));
  return json(200, api.directory.revokeSession(id));
}

/** Newest first, as Clerk sorts by default; repeated filters are alternatives. */
function matchingUsers({ state }: BackendApi, query: URLSearchParams): DirectoryState["users"] {
  const emails = query.getAll("email_address");
  const ids = query.getAll("user_id");
  return state.users
    .filter((user) => emails.length === 0 || emails.some((email) => hasEmail(user, email)))
    .filter((user) => ids.length === 0 || ids.includes(user.id))
    .reverse();
}

function listPage<Item>(items: Item[], query: URLSearchParams, shape: (page: Item[], totalCount: number) => unknown): WireAnswer {
  const limit = Number(query.get("limit") ?? DEFAULT_LIMIT);
  const offset = Number(query.get("offset") ?? 0);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) return invalidParameter("limit");
  if (!Number.isInteger(offset) || offset < 0) return invalidParameter("offset");
  return json(200, shape(items.slice(offset, offset + limit), items.length));
}

function withTotal<Item>(data: Item[], totalCount: number): { data: Item[]; total_count: number } {
  return { data, total_count: totalCount };
}

function found(resource: object | undefined, description: string): WireAnswer {
  return resource === undefined ? notFound(description) : json(200, resource);
}

function notFound(description: string): WireAnswer {
  return clerkError(404, { code: "resource_not_found", message: "not found", long_message: description });
}

function invalidParameter(name: string): WireAnswer {
  return clerkError(422, {
    code: "form_param_value_invalid",
    message: "is invalid",
    long_message: `${name} does not match one of the allowed values for parameter ${name}`,
    meta: { param_name: name },
  });
}

function sessionNotFound(id: string): string {
  return `No session was found with id ${id}`;
}
