import { type StandIn, serve } from "../../local/http-server.ts";

/** Stands between the driver and the database: shows every statement, and can change one on its way. */
export interface Tap extends StandIn {
  /** Neon's fetch endpoint through this tap. */
  neonUrl: string;
  /** The statements since the last `forget`, each text once. */
  statements(): string[];
  forget(): void;
  /** What is sent in place of a statement; itself when left undefined. */
  rewrite: ((statement: string) => string) | undefined;
}

interface Payload {
  queries?: { query: string }[];
}

export async function startTap({ neonUrl }: { neonUrl: string }): Promise<Tap> {
  const seen = new Set<string>();
  const standIn = await serve({
    handle: async ({ headers, body }) => {
      const payload = JSON.parse(body.toString()) as Payload;
      for (const each of payload.queries ?? []) {
        seen.add(each.query);
        each.query = tap.rewrite?.(each.query) ?? each.query;
      }
      const passedOn = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("neon-")));
      const answer = await fetch(neonUrl, { method: "POST", headers: passedOn, body: JSON.stringify(payload) });
      return { status: answer.status, body: await answer.text() };
    },
  });
  const tap: Tap = {
    ...standIn,
    neonUrl: `${standIn.url}/sql`,
    statements: () => [...seen],
    forget: () => seen.clear(),
    rewrite: undefined,
  };
  return tap;
}
