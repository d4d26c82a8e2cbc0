import { setTimeout as wait } from "node:timers/promises";
import type { Ground } from "./open-ground.ts";

const POLL_INTERVAL_MS = 20;
const DEADLINE_MS = 120_000;

/** Resolves when every job is done or dead. Asks for one row only: counting them all would cost the database what is measured. */
export async function untilNoJobIsLeft({ database }: Pick<Ground, "database">): Promise<void> {
  for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline; await wait(POLL_INTERVAL_MS)) {
    const { rowCount } = await database.query("select 1 from jobs where status in ('pending', 'running') limit 1");
    if (rowCount === 0) return;
  }
  throw new Error("Some jobs were not finished in time");
}
