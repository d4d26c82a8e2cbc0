import { Client } from "@upstash/qstash";

const DEADLINE_MS = 30_000;
const POLL_INTERVAL_MS = 100;

/**
 * Fires one schedule the way QStash would: a signed message to `/jobs/scheduler/tick`.
 *
 * @param at picks the slot: the latest one that is not after this time (ISO 8601); now when left out.
 * @returns what the delivery came to, by QStash's own log: `DELIVERED`, or why not.
 */
export async function fireSchedule({
  variables,
  schedule,
  at,
}: {
  variables: Record<string, string>;
  schedule: string;
  at?: string | undefined;
}): Promise<string> {
  const client = new Client({
    baseUrl: variables.QSTASH_URL ?? "",
    token: variables.QSTASH_TOKEN ?? "",
    devMode: false,
    enableTelemetry: false,
  });
  const { messageId } = await client.publishJSON({
    url: `${variables.PUBLIC_URL}/jobs/scheduler/tick`,
    body: { schedule, ...(at === undefined ? {} : { at }) },
    retries: 0,
  });
  for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline; ) {
    const { logs } = await client.logs({ filter: { messageId } });
    const ended = logs.find(({ state }) => state === "DELIVERED" || state === "FAILED" || state === "ERROR");
    if (ended !== undefined) return ended.state;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
  return "not delivered in time";
}
