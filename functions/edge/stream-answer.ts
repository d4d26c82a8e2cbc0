const JSON_LINES = "application/jsonl";

/** @returns whether the client reads JSON lines: `httpBatchStreamLink` sends `trpc-accept`, or `accept` when told to. */
export function wantsStream(headers: Headers): boolean {
  const accepted = headers.get("trpc-accept") ?? headers.get("accept") ?? "";
  return accepted.split(",").some((type) => type.trim() === JSON_LINES);
}

/**
 * @returns the same stream, labelled as what it is. tRPC labels its JSON lines `application/json`, which Cloudflare compresses, and
 * the compressor holds lines back until the last one.
 */
export function asStream(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set("content-type", JSON_LINES);
  headers.set("cache-control", "no-store, no-transform");
  return new Response(response.body, { status: response.status, headers });
}
