import { neon, neonConfig } from "@neondatabase/serverless";

interface Env {
  DATABASE_URL: string;
  NEON_FETCH_ENDPOINT: string;
  /** JSON: the statements of one batch; a single one is sent alone. */
  STATEMENTS: string;
}

interface BareStatement {
  text: string;
  params: unknown[];
}

/** The floor: a Worker that does nothing but send these statements and answer the rows of the last one. */
export default {
  async fetch(_request: Request, env: Env): Promise<Response> {
    neonConfig.fetchEndpoint = env.NEON_FETCH_ENDPOINT;
    const sql = neon(env.DATABASE_URL);
    const statements = JSON.parse(env.STATEMENTS) as BareStatement[];
    const queries = statements.map(({ text, params }) => sql.query(text, params));
    const rows = queries.length === 1 ? await queries[0] : (await sql.transaction(queries)).at(-1);
    return Response.json(rows);
  },
};
