/** Credentials end at the edge: groups get the caller as an argument. */
const CREDENTIALS = ["authorization", "cookie"];
/** These describe the whole batch, not one group's share of it, which is always answered as plain JSON. */
const BATCH_HEADERS = ["content-length", "trpc-accept", "accept"];

/**
 * @returns the same request for a group Worker, without credentials. It is aborted when the client leaves; on Cloudflare the runtime
 * ends the group's work by itself.
 */
export function forwardRequest({ request, body }: { request: Request; body: BodyInit | undefined }): Request {
  return copyRequest({ request, url: request.url, body, without: CREDENTIALS });
}

/** @returns the request for one group's share of a batch. */
export function forwardShare({ request, url, body }: { request: Request; url: URL; body: string | undefined }): Request {
  return copyRequest({ request, url: url.href, body, without: [...CREDENTIALS, ...BATCH_HEADERS] });
}

function copyRequest({
  request,
  url,
  body,
  without,
}: {
  request: Request;
  url: string;
  body: BodyInit | undefined;
  without: string[];
}): Request {
  const headers = new Headers(request.headers);
  for (const name of without) headers.delete(name);
  return new Request(url, { method: request.method, headers, signal: request.signal, ...(body !== undefined && { body }) });
}
