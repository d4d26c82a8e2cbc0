import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";

export interface RealServer {
  host: string;
  port: number;
  close(): Promise<void>;
}

/**
 * Starts the `redis-server` found on PATH, on loopback and a free port, keeping nothing on disk.
 *
 * @throws Error with one sentence on what to do when there is no `redis-server` or it does not start.
 */
export async function startRealServer(): Promise<RealServer> {
  const port = await freePort();
  const server = spawn(
    "redis-server",
    ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const exited = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const kill = () => server.kill("SIGKILL");
  process.once("exit", kill);
  const failed = new Promise<never>((_resolve, reject) => {
    server.once("error", () =>
      reject(
        new Error("redis-server is not on PATH; install it (Debian, Ubuntu: apt-get install redis-server) to check the stand-in"),
      ),
    );
    server.once("exit", (code) => reject(new Error(`redis-server ended with code ${code} before it was ready on port ${port}`)));
  });
  failed.catch(() => undefined);
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: server.stdout }).on("line", (line) => line.includes("Ready to accept connections") && resolve());
  });
  await Promise.race([ready, failed]);
  return {
    host: "127.0.0.1",
    port,
    async close() {
      process.off("exit", kill);
      kill();
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
