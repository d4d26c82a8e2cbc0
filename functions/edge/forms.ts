import { AppError, NotFoundError, UnavailableError, ValidationError } from "../../shared/errors/app-error.ts";
import type { TrpcErrorEntry } from "./answer-error.ts";
import { callGroup } from "./call-group.ts";
import { readClientAddress } from "./client-address.ts";
import type { Groups } from "./groups.ts";
import { readEntry } from "./join-batch.ts";
import type { Limits } from "./limits.ts";
import { isStorable, parseJson } from "./parse-json.ts";
import { decodeText, MAX_CALL_BYTES, readBody } from "./read-body.ts";
import { readCaller } from "./read-caller.ts";
import { TRPC_ENDPOINT } from "./split-batch.ts";
import type { Trace } from "./trace.ts";

const PROCEDURE = "leads.createPublic";
const FORM_KEY = /^[\w-]{1,64}$/;

type Scalar = string | number | boolean | null;
/** A form's fields; a field with several values (a multiple choice) is a list. */
type Fields = Record<string, Scalar | Scalar[]>;

/**
 * Answers POST `/forms/:formKey`, JSON or form-encoded, by calling `leads.createPublic` as a visitor of that form.
 *
 * @param publicUrl base of the URL that the group sees; never the caller's Host header.
 * @returns `{ data, error }` with what the procedure answered or refused.
 * @throws AppError when the edge refuses the form, or UNAVAILABLE.
 */
export async function answerForm({
  request,
  formKey,
  trace,
  groups,
  limits,
  publicUrl,
}: {
  request: Request;
  formKey: string;
  trace: Trace;
  groups: Groups;
  limits: Limits;
  publicUrl: string;
}): Promise<Response> {
  trace.procedures = [PROCEDURE];
  if (!FORM_KEY.test(formKey)) throw new NotFoundError();
  await limits.take({
    limit: "formAddress",
    key: `${formKey}:${readClientAddress(request.headers)}`,
    cost: 1,
    withoutRedis: "strict",
  });
  await limits.take({ limit: "form", key: formKey, cost: 1, withoutRedis: "strict" });
  const caller = readCaller({ headers: request.headers, identity: { kind: "form", formKey }, requestId: trace.requestId });
  const fields = await readFields(request);

  const call = new Request(new URL(TRPC_ENDPOINT + PROCEDURE, publicUrl), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(fields),
    signal: request.signal,
  });
  return toEnvelope(await callGroup({ groups, group: "crm", request: call, caller }));
}

async function toEnvelope(response: Response): Promise<Response> {
  const entry = readEntry(await response.json().catch(() => undefined));
  if (entry === undefined) throw new UnavailableError(undefined, { cause: new Error("crm answered no tRPC") });
  if ("result" in entry) return Response.json({ data: entry.result.data ?? null, error: null });
  const { errorCode, field }: Partial<TrpcErrorEntry["error"]["data"]> = entry.error.data ?? {};
  const error = { code: errorCode ?? "INTERNAL", message: entry.error.message, ...(field !== undefined && { field }) };
  return Response.json({ data: null, error }, { status: response.status });
}

async function readFields(request: Request): Promise<Fields> {
  const type = request.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json" && type !== "application/x-www-form-urlencoded") {
    throw new AppError("UNSUPPORTED_MEDIA_TYPE", "Send the form as application/json or application/x-www-form-urlencoded", {
      field: "content-type",
    });
  }
  const text = decodeText(await readBody({ request, maxBytes: MAX_CALL_BYTES }));
  const fields = type === "application/json" ? parseJson(text) : parseFormEncoded(text);
  if (!isFlat(fields)) throw new ValidationError("The form must be a flat object");
  return fields;
}

function parseFormEncoded(text: string): Fields {
  const parameters = new URLSearchParams(text);
  const fields = new Map<string, Scalar | Scalar[]>();
  for (const name of parameters.keys()) {
    const values = parameters.getAll(name);
    fields.set(name, values.length === 1 ? (values[0] ?? null) : values);
  }
  const parsed = Object.fromEntries(fields);
  if (!isStorable(parsed)) throw new ValidationError("The form holds a NUL");
  return parsed;
}

function isFlat(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((field) => isScalar(field) || (Array.isArray(field) && field.every(isScalar)));
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value !== "object";
}
