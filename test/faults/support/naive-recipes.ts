import { neon } from "@neondatabase/serverless";
import type { TestDatabase } from "../../support/database.ts";

/** Does the work of a message the way that many a tutorial has it; resolves when the sender need not come again. */
export type Recipe = (message: string) => Promise<void>;

/** Tables of their own, for work whose whole effect is a row. */
export async function createNaiveTables({ query }: Pick<TestDatabase, "query">): Promise<void> {
  await query("create table naive_messages (id text primary key, status text not null)");
  await query("create table naive_effects (message_id text not null)");
}

/** Look whether it is done, do it, write down that it is done. */
export function checkThenWork(databaseUrl: string): Recipe {
  const database = neon(databaseUrl);
  return async (message) => {
    const [row] = await database.query("select status from naive_messages where id = $1", [message]);
    if (row?.status === "done") return;
    await database.query("insert into naive_effects values ($1)", [message]);
    await database.query("insert into naive_messages values ($1, 'done') on conflict do nothing", [message]);
  };
}

/** Let Redis say who is first, then do it. */
export function setNxFirst({ databaseUrl, url, token }: { databaseUrl: string; url: string; token: string }): Recipe {
  const database = neon(databaseUrl);
  return async (message) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(["SET", `naive:${message}`, "1", "NX", "EX", "600"]),
    });
    const { result } = (await response.json()) as { result: "OK" | null };
    if (result === null) return;
    await database.query("insert into naive_effects values ($1)", [message]);
  };
}
