import { Client } from "@upstash/qstash";
import type { Logger } from "../log/logger.ts";
import { describeError } from "../log/scrub.ts";
import { isJobName, JOBS, jobPath } from "./catalog.ts";
import type { StagedJob } from "./stage.ts";

const BATCH_SIZE = 100;
const PUBLISH_TIMEOUT_MS = 3_000;
/** How long one request may ring for others; a Worker may go on for 30 s after its answer. */
const MAX_RINGING_MS = 10_000;
/** As many as every plan of QStash allows; a job with more attempts than that is rung again by the sweeper. */
const MAX_RETRIES_PER_RING = 3;

/** Sends QStash messages that say "look at job X". A ring that is lost costs time, never work: the sweeper rings again. */
export interface Doorbell {
  /**
   * Never rejects. While one request of the isolate rings, it takes the jobs of the others along: under load there are many jobs to a
   * request to QStash, and a lone job does not wait.
   */
  ring(jobs: readonly StagedJob[], log: Logger): Promise<void>;
  /**
   * Hands a message over that has no job row yet.
   *
   * @throws when QStash has not accepted it.
   */
  hand(message: { path: string; body: unknown; deduplicationId: string; retries: number }): Promise<void>;
}

/** The only door to the QStash client. */
export function createDoorbell({ url, token, publicUrl }: { url: string; token: string; publicUrl: string }): Doorbell {
  const client = new Client({
    baseUrl: url,
    token,
    devMode: false,
    enableTelemetry: false,
    retry: { retries: 1, backoff: () => 50 },
  });
  const waiting: StagedJob[] = [];
  // A time, not a flag: a request that ended while it rang must not silence the isolate.
  let ringsUntilMs = 0;

  async function send(batch: readonly StagedJob[], log: Logger): Promise<void> {
    try {
      // Made anew for each call: the client writes into what it is given.
      const answers: unknown[] = await within(client.batchJSON(batch.map((job) => toMessage(job, publicUrl))));
      const refused = answers.filter((answer) => !hasMessageId(answer)).length;
      if (refused > 0) log.write("warn", "doorbell.refused", { count: refused });
    } catch (error) {
      log.write("warn", "doorbell.failed", { count: batch.length, error: describeError(error) });
    }
  }

  return {
    async ring(jobs, log) {
      waiting.push(...jobs);
      if (Date.now() < ringsUntilMs) return;
      const endsAtMs = Date.now() + MAX_RINGING_MS;
      ringsUntilMs = endsAtMs;
      while (waiting.length > 0 && Date.now() < endsAtMs) await send(waiting.splice(0, BATCH_SIZE), log);
      ringsUntilMs = 0;
    },
    async hand({ path, body, deduplicationId, retries }) {
      await within(client.publishJSON({ url: `${publicUrl}${path}`, body, deduplicationId, retries }));
    },
  };
}

function toMessage({ id, name, ring, runAt }: StagedJob, publicUrl: string) {
  const job = isJobName(name) ? JOBS[name] : undefined;
  return {
    url: `${publicUrl}${jobPath(name)}`,
    body: { jobId: id },
    deduplicationId: `job-${id}-${ring}`,
    retries: Math.min(job?.retry.attempts ?? 0, MAX_RETRIES_PER_RING),
    timeout: Math.ceil((job?.timeoutMs ?? 25_000) / 1_000),
    ...(Date.parse(runAt) > Date.now() + 1_000 ? { notBefore: Math.ceil(Date.parse(runAt) / 1_000) } : {}),
  };
}

function hasMessageId(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "messageId" in answer;
}

/** The client has no time limit of its own. */
function within<Value>(call: Promise<Value>): Promise<Value> {
  const expired = new Promise<never>((_, reject) => {
    AbortSignal.timeout(PUBLISH_TIMEOUT_MS).addEventListener("abort", () => reject(new Error("QStash did not answer in time")));
  });
  return Promise.race([call, expired]);
}
