import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";

export interface FetchServer {
  url: string;
  close(): Promise<void>;
}

/** Serves a Worker's `fetch` over real HTTP on loopback: bodies stream both ways, and a client that leaves aborts `request.signal`. */
export async function serveFetch(handle: (request: Request) => Response | Promise<Response>): Promise<FetchServer> {
  const server = createServer((incoming, outgoing) => {
    answer({ incoming, outgoing, handle }).catch((error: unknown) => outgoing.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
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
  handle,
}: {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  handle: (request: Request) => Response | Promise<Response>;
}): Promise<void> {
  const left = new AbortController();
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) left.abort();
  });
  const response = await handle(toRequest(incoming, left.signal));
  outgoing.writeHead(response.status, [...response.headers].flat());
  if (response.body !== null) {
    const reader = response.body.getReader();
    left.signal.addEventListener("abort", () => void reader.cancel());
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) outgoing.write(chunk.value);
  }
  outgoing.end();
  incoming.resume();
}

function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) if (value !== undefined) headers.set(name, String(value));
  const hasBody = headers.has("content-length") || headers.has("transfer-encoding");
  return new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method ?? "GET",
    headers,
    signal,
    ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" }),
  } as RequestInit);
}
