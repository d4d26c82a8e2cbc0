import { Client } from "@upstash/qstash";
import { jobPath } from "./catalog.ts";

const SCHEDULE_ID = "guilda-tick";

/**
 * Sets the QStash schedule that ticks each minute beside the cron trigger: two sources that do not fail together. Setting it again
 * changes nothing.
 */
export async function scheduleTick({ url, token, publicUrl }: { url: string; token: string; publicUrl: string }): Promise<void> {
  const client = new Client({ baseUrl: url, token, devMode: false, enableTelemetry: false });
  await client.schedules.create({
    scheduleId: SCHEDULE_ID,
    destination: `${publicUrl}${jobPath("scheduler.tick")}`,
    cron: "* * * * *",
    // The next minute brings the next one.
    retries: 0,
  });
}
