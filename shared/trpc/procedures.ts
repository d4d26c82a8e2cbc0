import { initTRPC, type TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { TRPC_ERROR_CODES_BY_KEY } from "@trpc/server/rpc";
import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { sha256Hex } from "../bytes.ts";
import type { Cache } from "../cache/redis.ts";
import type { Connection } from "../db/connect.ts";
import { type Idempotency, openDatabase } from "../db/database.ts";
import { AppError, ForbiddenError, NotFoundError, UnauthorizedError, ValidationError } from "../errors/app-error.ts";
import type { Doorbell } from "../jobs/doorbell.ts";
import type { Logger } from "../log/logger.ts";
import { describeError } from "../log/scrub.ts";
import type { Caller } from "./caller.ts";
import { isAllowed, PERMISSIONS, type Permission } from "./permissions.ts";
import { findSession, type Session, type SessionMemory } from "./session.ts";
import { text } from "./text.ts";
import { toTrpcError } from "./to-trpc-error.ts";
import type { Actor } from "./verb-context.ts";

/** What a group Worker knows of a request before any level is applied; made once per HTTP request. */
export interface RequestContext {
  caller: Caller;
  connection: Connection;
  cache: Cache;
  memory: SessionMemory;
  doorbell: Doorbell;
  log: Logger;
  now: Date;
  newId: () => string;
  /** Lets work go on after the answer. */
  waitUntil: (work: Promise<unknown>) => void;
}

/** Every procedure declares its level; at the level `mentorado` also the permission. A test walks the router and fails without. */
export type ProcedureMeta = { level: "public" | "protected" | "admin" } | { level: "mentorado"; permission: Permission };

const t = initTRPC
  .context<RequestContext>()
  .meta<ProcedureMeta>()
  .create({
    isDev: false,
    sse: { ping: { enabled: true, intervalMs: 15_000 }, maxDurationMs: 300_000 },
    errorFormatter({ shape, error: raised, ctx }) {
      // What a stream raises once it has begun comes here as it was raised.
      const error = toTrpcError(raised);
      const known = error.cause instanceof AppError ? error.cause : undefined;
      return {
        message:
          error.code === "INTERNAL_SERVER_ERROR"
            ? "Internal server error"
            : error.code === "BAD_REQUEST" && !known
              ? "The input is not valid"
              : error.message,
        code: TRPC_ERROR_CODES_BY_KEY[error.code],
        data: {
          code: error.code,
          httpStatus: getHTTPStatusCodeFromError(error),
          path: shape.data.path,
          requestId: ctx?.caller.requestId,
          errorCode: known?.errorCode ?? ERROR_CODES[error.code] ?? error.code,
          ...(known?.field === undefined ? {} : { field: known.field }),
          ...(known?.retryAfterMs === undefined ? {} : { retryAfterMs: known.retryAfterMs }),
        },
      };
    },
  });

/** Failures that tRPC itself finds, in the words of our own error codes. */
const ERROR_CODES: Partial<Record<TRPCError["code"], string>> = {
  BAD_REQUEST: "VALIDATION",
  PARSE_ERROR: "VALIDATION",
  INTERNAL_SERVER_ERROR: "INTERNAL",
  METHOD_NOT_SUPPORTED: "METHOD_NOT_SUPPORTED",
};

export const router = t.router;
export const mergeRouters = t.mergeRouters;
export const createCallerFactory = t.createCallerFactory;

/** Logs one line per procedure and turns every failure into what a caller may see. */
const answered = t.procedure.use(async ({ ctx, path, next }) => {
  const startedAt = performance.now();
  const result = await next();
  const durationMs = Math.round(performance.now() - startedAt);
  if (result.ok) {
    ctx.log.write("info", "procedure.answered", { procedure: path, outcome: "ok", durationMs });
    return result;
  }
  const error = toTrpcError(withField(result.error));
  const expected = error.cause instanceof AppError && error.cause.code !== "INTERNAL";
  ctx.log.write(expected || error.code === "BAD_REQUEST" ? "info" : "error", "procedure.answered", {
    procedure: path,
    outcome: "error",
    durationMs,
    errorCode: error.cause instanceof AppError ? error.cause.errorCode : error.code,
    ...(expected && error.code !== "SERVICE_UNAVAILABLE" ? {} : { error: describeError(result.error.cause ?? result.error) }),
  });
  throw error;
});

/** An input that zod refused names its first field, and nothing that was in it. */
function withField(error: TRPCError): unknown {
  if (error.code !== "BAD_REQUEST" || !(error.cause instanceof z.ZodError)) return error;
  const field = error.cause.issues[0]?.path.map(String).join(".");
  return new ValidationError(undefined, field ? { field } : {});
}

/** Anyone. Limited at the edge by address. */
export const publicProcedure = answered.meta({ level: "public" });

/** A visitor of a public form; the form's key comes from the URL that the edge matched. */
export const formProcedure = publicProcedure.use(({ ctx, next }) => {
  const { identity } = ctx.caller;
  if (identity.kind !== "form") throw new NotFoundError(undefined, { errorCode: "FORM_NOT_FOUND" });
  const actor: Actor = { kind: "visitor", formKey: identity.formKey };
  const entry = sql`select guilda.enter_form(${identity.formKey}, ${ctx.caller.requestId})`;
  return next({ ctx: { actor, ...verbParts({ ctx, entry, mentoradoId: null }) } });
});

const signedIn = answered.use(async ({ ctx, type, next }) => {
  const { identity } = ctx.caller;
  if (identity.kind !== "user") throw new UnauthorizedError();
  if (identity.impersonatedBy !== undefined && type === "mutation")
    throw new ForbiddenError(undefined, { errorCode: "IMPERSONATION_IS_READ_ONLY" });
  const session = await findSession({ ...ctx, identity });
  return next({ ctx: { session, identity } });
});

/** A signed-in person who acts for themselves. */
export const protectedProcedure = signedIn.meta({ level: "protected" }).use(async ({ ctx, path, type, getRawInput, next }) => {
  const { session, identity } = ctx;
  const entry = sql`select guilda.enter_person(${session.userId}, ${identity.sessionId}, ${ctx.caller.requestId})`;
  const idempotency =
    type === "mutation"
      ? await readIdempotency({ ctx, session, path, input: await getRawInput(), mentoradoId: null })
      : undefined;
  return next({ ctx: { userId: session.userId, ...verbParts({ ctx, entry, mentoradoId: null, idempotency }) } });
});

/** A member of the chosen mentorado with the permission. The database checks the membership again in the batch of the work itself. */
export function mentoradoProcedure(permission: Permission) {
  return signedIn.meta({ level: "mentorado", permission }).use(async ({ ctx, path, type, getRawInput, next }) => {
    const { session, identity } = ctx;
    const membership = chooseMembership(session, ctx.caller);
    if (!isAllowed(membership.role, permission)) throw new ForbiddenError(undefined, { errorCode: "PERMISSION_REQUIRED" });
    const { mentoradoId, role } = membership;
    const roles = sql.param(`{${PERMISSIONS[permission].join(",")}}`);
    const entry = sql`select guilda.enter_member(${session.userId}, ${identity.sessionId}, ${mentoradoId}, ${roles}::text[], ${ctx.caller.requestId})`;
    const actor: Actor = { kind: "member", userId: session.userId, role };
    const log = ctx.log.with({ mentoradoId, actorId: session.userId, actorRole: role });
    const idempotency =
      type === "mutation" ? await readIdempotency({ ctx, session, path, input: await getRawInput(), mentoradoId }) : undefined;
    return next({ ctx: { actor, mentoradoId, ...verbParts({ ctx: { ...ctx, log }, entry, mentoradoId, idempotency }) } });
  });
}

/** Staff of the programme. Every call states a reason, which is audited with the act. */
export const adminProcedure = signedIn
  .meta({ level: "admin" })
  .use(({ ctx, next }) => {
    if (!ctx.session.isAdmin) throw new ForbiddenError(undefined, { errorCode: "ADMIN_REQUIRED" });
    return next();
  })
  .input(z.looseObject({ reason: text({ min: 3, max: 500 }) }))
  .use(async ({ ctx, path, type, input, getRawInput, next }) => {
    const { session, identity } = ctx;
    const entry = sql`select guilda.enter_admin(${session.userId}, ${identity.sessionId}, ${ctx.caller.requestId}, ${input.reason}, ${path})`;
    const idempotency =
      type === "mutation"
        ? await readIdempotency({ ctx, session, path, input: await getRawInput(), mentoradoId: null })
        : undefined;
    const log = ctx.log.with({ actorId: session.userId, actorRole: "admin" });
    return next({
      ctx: { userId: session.userId, ...verbParts({ ctx: { ...ctx, log }, entry, mentoradoId: null, idempotency }) },
    });
  });

function chooseMembership(session: Session, caller: Caller): Session["memberships"][number] {
  const { chosenMentorado } = caller;
  const [first, second] = session.memberships;
  if (chosenMentorado === undefined && second !== undefined) {
    throw new ValidationError("Say which mentorado is meant", { errorCode: "MENTORADO_NOT_CHOSEN", field: "x-mentorado" });
  }
  const membership =
    chosenMentorado === undefined ? first : session.memberships.find((each) => each.mentoradoId === chosenMentorado);
  if (membership === undefined) throw new ForbiddenError(undefined, { errorCode: "MEMBERSHIP_REQUIRED" });
  return membership;
}

/** The parts of a verb's context that do not depend on the level. */
function verbParts({
  ctx,
  entry,
  mentoradoId,
  idempotency,
}: {
  ctx: RequestContext;
  entry: SQL;
  mentoradoId: string | null;
  idempotency?: Idempotency | undefined;
}) {
  const { connection, caller, newId, log, now, doorbell, waitUntil } = ctx;
  const db = openDatabase({
    connection,
    entry,
    mentoradoId,
    requestId: caller.requestId,
    newId,
    idempotency,
    onStaged: (jobs) => waitUntil(doorbell.ring(jobs, log)),
  });
  return { db, requestId: caller.requestId, log, now, newId };
}

async function readIdempotency({
  ctx,
  session,
  path,
  input,
  mentoradoId,
}: {
  ctx: RequestContext;
  session: Session;
  path: string;
  input: unknown;
  mentoradoId: string | null;
}): Promise<Idempotency | undefined> {
  const { idempotencyKey } = ctx.caller;
  if (idempotencyKey === undefined) return undefined;
  return {
    procedure: path,
    key: mentoradoId === null ? `${session.userId}:${idempotencyKey}` : idempotencyKey,
    requestSha256: await sha256Hex(JSON.stringify([session.userId, input ?? null])),
  };
}
