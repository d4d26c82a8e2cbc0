import { neon, neonConfig } from "@neondatabase/serverless";

interface Env {
  DATABASE_URL: string;
  NEON_FETCH_ENDPOINT: string;
}

/** The floor: a Worker that stores the body once under the event's own id, and says so. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    neonConfig.fetchEndpoint = env.NEON_FETCH_ENDPOINT;
    if (request.method !== "POST") return new Response("ready");
    const sql = neon(env.DATABASE_URL);
    const body = await request.text();
    const { id } = JSON.parse(body) as { id: string };
    await sql.query("insert into bare_events (event_id, body) values ($1, $2) on conflict do nothing", [id, body]);
    return new Response("ok");
  },
};
