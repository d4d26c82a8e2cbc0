import { Agent, request } from "node:http";

/** What one connection after the other sends, in turn, again and again. */
export interface Call {
  url: string;
  method: "GET" | "POST";
  headers: Record<string, string>;
  body?: string;
}

export interface LoadSpec {
  calls: Call[];
  concurrency: number;
  /** Ends when all calls are sent once, or after this time. */
  durationMs: number | "once";
}

export interface LoadResult {
  count: number;
  /** Answers other than 200. */
  failed: number;
  durationMs: number;
  p50Ms: number;
  p99Ms: number;
  /** Bytes of the last answer's body. */
  bytes: number;
  cpuMs: number;
}

/** The process that makes the load, apart from the one that holds the stand-ins. One spec in, one result out, until disconnected. */
process.on("message", (spec: LoadSpec) => void run(spec).then((result) => process.send?.(result)));

async function run({ calls, concurrency, durationMs }: LoadSpec): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const times: number[] = [];
  let failed = 0;
  let bytes = 0;
  let next = 0;
  const isOver = () => (durationMs === "once" ? next >= calls.length : performance.now() - startedAt > durationMs);
  async function connection(): Promise<void> {
    while (!isOver()) {
      const call = calls[next++ % calls.length];
      if (call === undefined) return;
      const sentAt = performance.now();
      const answer = await send(call, agent);
      times.push(performance.now() - sentAt);
      if (answer.status !== 200) failed += 1;
      bytes = answer.bytes;
    }
  }
  await Promise.all(Array.from({ length: concurrency }, connection));
  const took = performance.now() - startedAt;
  agent.destroy();
  const { user, system } = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  return {
    count: times.length,
    failed,
    durationMs: took,
    p50Ms: times[Math.floor(times.length * 0.5)] ?? 0,
    p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
    bytes,
    cpuMs: (user + system) / 1_000,
  };
}

function send({ url, method, headers, body }: Call, agent: Agent): Promise<{ status: number; bytes: number }> {
  return new Promise((resolve) => {
    const outgoing = request(url, { method, headers, agent }, (incoming) => {
      let bytes = 0;
      incoming.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, bytes }));
    });
    outgoing.on("error", () => resolve({ status: 0, bytes: 0 }));
    outgoing.end(body);
  });
}
