import { UnavailableError } from "../../shared/errors/app-error.ts";
import type { GroupName, Groups } from "./groups.ts";
import { MAX_RAW_BYTES, readBody } from "./read-body.ts";
import type { Trace } from "./trace.ts";

/**
 * Hands a webhook or a job to its Worker with the very bytes, URL and headers that its signature covers; only `x-request-id` is set.
 *
 * @throws AppError PAYLOAD_TOO_LARGE, or UNAVAILABLE (which senders retry) when the Worker fails.
 */
export async function forwardRaw({
  request,
  group,
  groups,
  trace,
}: {
  request: Request;
  group: GroupName;
  groups: Groups;
  trace: Trace;
}): Promise<Response> {
  const body = request.body === null ? undefined : await readBody({ request, maxBytes: MAX_RAW_BYTES });
  const headers = new Headers(request.headers);
  headers.set("x-request-id", trace.requestId);
  // No signal: a sender that hangs up must not interrupt what is being stored. `manual`: a redirect is the Worker's own answer.
  const forwarded = new Request(request.url, {
    method: request.method,
    headers,
    redirect: "manual",
    ...(body !== undefined && { body }),
  });
  try {
    return await groups[group].fetch(forwarded);
  } catch (cause) {
    throw new UnavailableError(undefined, { cause });
  }
}
