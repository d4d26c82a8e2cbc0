import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * What a stand-in can be told to do to the next matching requests, at the level of the wire:
 * `reset-before` closes the socket without applying the request, `reset-after` applies it and loses the answer,
 * `status` answers without applying it, `delay` waits and then serves, `garbage` applies it and answers bytes that are no JSON,
 * `truncate` applies it and closes the socket within the answer.
 */
export interface Fault {
  kind: "reset-before" | "reset-after" | "status" | "delay" | "garbage" | "truncate";
  /** Only requests whose method is this one. */
  method?: string;
  /** Only requests whose raw path (with query) contains this text. */
  path?: string;
  /** Let this many matching requests through first. */
  skip?: number;
  /** How many matching requests it strikes; for ever when left out. */
  times?: number;
  /** `status`: what is answered. */
  status?: number;
  body?: string;
  headers?: Record<string, string>;
  /** `delay`: milliseconds before the request is served. */
  delayMs?: number;
  /** `truncate`: how much of the body is sent; half of it when left out. */
  bytes?: number;
}

/** A request as it came over the wire: the path is raw (never normalised), the body is bytes. */
export interface WireRequest {
  method: string;
  /** Raw path with query, exactly as sent. */
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

export interface WireAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

export interface StandIn {
  /** Base URL without a trailing slash. */
  url: string;
  port: number;
  /** Faults struck in order of the list; a struck-out fault is removed. Also settable with `PUT /__faults` (a JSON array). */
  faults: Fault[];
  close(): Promise<void>;
}

/**
 * Serves `handle` on loopback.
 *
 * @param port 0 picks a free port.
 * @returns the running stand-in; `close` ends open connections at once.
 */
export async function serve({
  port = 0,
  handle,
}: {
  port?: number;
  handle: (request: WireRequest) => Promise<WireAnswer>;
}): Promise<StandIn> {
  const faults: Fault[] = [];
  const server = createServer((incoming, outgoing) => {
    answer({ incoming, outgoing, faults, handle }).catch((error: unknown) => {
      if (!outgoing.headersSent) outgoing.writeHead(500, { "content-type": "application/json" });
      outgoing.end(JSON.stringify({ error: String(error) }));
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer({
  incoming,
  outgoing,
  faults,
  handle,
}: {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  faults: Fault[];
  handle: (request: WireRequest) => Promise<WireAnswer>;
}): Promise<void> {
  const request = await readRequest(incoming);
  if (request.path === "/__faults") {
    if (request.method === "PUT") faults.splice(0, faults.length, ...(JSON.parse(request.body.toString()) as Fault[]));
    outgoing.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(faults));
    return;
  }
  const fault = strike(faults, request);
  if (fault?.kind === "delay") await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 0));
  if (fault?.kind === "reset-before") {
    incoming.socket.destroy();
    return;
  }
  if (fault?.kind === "status") {
    outgoing.writeHead(fault.status ?? 500, { "content-type": "application/json", ...fault.headers }).end(fault.body ?? "");
    return;
  }
  const response = await handle(request);
  if (fault?.kind === "reset-after") {
    incoming.socket.destroy();
    return;
  }
  const body = fault?.kind === "garbage" ? "<html>bad gateway</html>" : (response.body ?? "");
  const headers = { "content-type": "application/json", ...lengthOf(response, body), ...response.headers };
  if (fault?.kind === "truncate") {
    outgoing
      .writeHead(response.status, headers)
      .write(Buffer.from(body).subarray(0, fault.bytes ?? Buffer.byteLength(body) / 2), () => incoming.socket.destroy());
    return;
  }
  outgoing.writeHead(response.status, headers).end(body);
}

/** An answer in chunks does not say how long it will be. */
function lengthOf({ headers }: WireAnswer, body: string | Uint8Array): Record<string, number> {
  return headers?.["transfer-encoding"] === undefined ? { "content-length": Buffer.byteLength(body) } : {};
}

function strike(faults: Fault[], request: WireRequest): Fault | undefined {
  const index = faults.findIndex(
    (fault) =>
      (fault.method === undefined || fault.method === request.method) &&
      (fault.path === undefined || request.path.includes(fault.path)),
  );
  const fault = faults[index];
  if (fault === undefined) return undefined;
  if (fault.skip !== undefined && fault.skip > 0) {
    fault.skip -= 1;
    return undefined;
  }
  if (fault.times !== undefined) {
    fault.times -= 1;
    if (fault.times <= 0) faults.splice(index, 1);
  }
  return fault;
}

async function readRequest(incoming: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  // Events, not iteration: the bridge to Postgres is measured in the benchmarks, and this is a tenth of its time.
  await new Promise<void>((resolve, reject) => {
    incoming
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .on("end", resolve)
      .on("error", reject);
  });
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return { method: incoming.method ?? "GET", path: incoming.url ?? "/", headers, body: Buffer.concat(chunks) };
}

/** @returns a JSON answer. */
export function json(status: number, value: unknown, headers: Record<string, string> = {}): WireAnswer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}
