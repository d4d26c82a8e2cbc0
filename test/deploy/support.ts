import { json, type StandIn, serve, type WireRequest } from "../local/http-server.ts";

export interface Upload {
  worker: string;
  /** What wrangler tells Cloudflare of the Worker: its main module, bindings, secrets, compatibility date. */
  metadata: {
    main_module: string;
    compatibility_date: string;
    bindings: { name: string; type: string; text?: string; service?: string }[];
  };
}

export interface Cloudflare extends StandIn {
  /** Base URL of the API. */
  apiUrl: string;
  /** Every call that changes something, in order: `PUT guilda-crm`, `POST guilda-crm/subdomain {"enabled":false,…}`. */
  changes: string[];
  uploads: Upload[];
  /** Resolves when wrangler has asked for something. */
  called: Promise<void>;
}

/** The part of Cloudflare's API that `wrangler deploy` uses, for Workers that do not exist yet. */
export async function startCloudflare(): Promise<Cloudflare> {
  const changes: string[] = [];
  const uploads: Upload[] = [];
  const called = Promise.withResolvers<void>();
  const standIn = await serve({
    handle: async (request) => {
      called.resolve();
      const path = request.path.replace(/^\/client\/v4\/accounts\/[0-9a-f]{32}\/workers\//, "").replace(/\?.*$/, "");
      if (request.method !== "GET") changes.push(nameChange(request, path));
      if (request.method === "PUT" && /^scripts\/[\w-]+$/.test(path)) {
        uploads.push({ worker: path.replace("scripts/", ""), metadata: await readMetadata(request) });
      }
      if (/^services\/[\w-]+$/.test(path))
        return json(404, { success: false, errors: [{ code: 10_090, message: "not found" }], result: null });
      return json(200, { success: true, errors: [], messages: [], result: answerTo(path) });
    },
  });
  return { ...standIn, apiUrl: `${standIn.url}/client/v4`, changes, uploads, called: called.promise };
}

function nameChange({ method, headers, body }: WireRequest, path: string): string {
  const isForm = headers["content-type"]?.startsWith("multipart/") ?? false;
  return `${method} ${path.replace("scripts/", "")}${isForm || body.length === 0 ? "" : ` ${body.toString()}`}`;
}

async function readMetadata({ headers, body }: WireRequest): Promise<Upload["metadata"]> {
  const form = await new Response(new Uint8Array(body), {
    headers: { "content-type": headers["content-type"] ?? "" },
  }).formData();
  return JSON.parse(String(form.get("metadata"))) as Upload["metadata"];
}

function answerTo(path: string): unknown {
  if (path.endsWith("/secrets") || path.endsWith("/routes")) return [];
  if (path.endsWith("/deployments")) return { deployments: [] };
  if (path === "subdomain") return { subdomain: "programme" };
  const subdomain = { enabled: false, previews_enabled: false };
  return { id: "version", etag: "etag", startup_time_ms: 5, entry_point: "worker.js", subdomain, ...subdomain };
}
