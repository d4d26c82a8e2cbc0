import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTRPCClient, httpBatchStreamLink, httpSubscriptionLink, loggerLink, splitLink } from "@trpc/client";
import { EventSource } from "eventsource";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AppRouter } from "../../functions/edge/app-router.ts";
import { DEMO } from "../local/demo.ts";
import { ROOT, type RunningPlatform } from "../local/state.ts";

const START_TIMEOUT_MS = 120_000;
const run = promisify(execFile);

let platform: ChildProcess;
let home: string;
let environment: NodeJS.ProcessEnv;
let port: number;
const output: string[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "guilda-start-"));
  port = await freePort();
  environment = { ...process.env, GUILDA_HOME: home, PORT: String(port) };
  platform = spawn("npm", ["start", "--", "--reset"], { cwd: ROOT, env: environment, stdio: ["ignore", "pipe", "pipe"] });
  platform.stdout?.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  platform.stderr?.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  await told();
}, START_TIMEOUT_MS);

afterAll(async () => {
  if (platform.exitCode === null && platform.signalCode === null) await stop();
  rmSync(home, { recursive: true, force: true });
}, START_TIMEOUT_MS);

test("npm start says ready, and the story comes true step by step", () => {
  const text = output.join("");
  expect(text).toContain(`guilda ready http://localhost:${port}`);
  for (const step of ["1.", "2.", "3.", "4.", "5.", "6."]) expect(text).toContain(`\n  ${step} `);
  expect(text).toContain("one receipt");
  expect(text).toContain("one reminder");
});

test("npm run token signs in, and streams, mixed batches and a live subscription work through the front door", async () => {
  const { stdout } = await run("npm", ["run", "--silent", "token", "--", "--email", DEMO.owner.email], {
    cwd: ROOT,
    env: environment,
  });
  const headers = { authorization: `Bearer ${stdout.trim()}` };
  const url = `http://localhost:${port}/api/trpc`;
  const client = createTRPCClient<AppRouter>({
    links: [
      loggerLink({ enabled: () => false }),
      splitLink({
        condition: (operation) => operation.type === "subscription",
        true: httpSubscriptionLink({
          url,
          EventSource,
          eventSourceOptions: () => ({
            fetch: (input, init) => fetch(input, { ...init, headers: { ...init?.headers, ...headers } }),
          }),
        }),
        false: httpBatchStreamLink({ url, headers }),
      }),
    ],
  });
  const [me, charges] = await Promise.all([client.users.me.query(), client.financial.charges.list.query()]);
  expect(me.user.email).toBe(DEMO.owner.email);
  expect(charges.items.length).toBeGreaterThan(0);

  const seen: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const subscription = client.leads.watch.subscribe(undefined, {
      onStarted: () => void client.leads.create.mutate({ name: "Watched Person", phone: "+55 11 96666-5555" }).catch(reject),
      onData: ({ data }) => {
        seen.push(data.name);
        if (data.name !== "Watched Person") return;
        subscription.unsubscribe();
        resolve();
      },
      onError: reject,
    });
  });
  expect(seen.filter((name) => name === "Watched Person")).toHaveLength(1);
});

test("npm run cron fires a schedule by name, and refuses one that it does not know", async () => {
  const fired = await run("npm", ["run", "--silent", "cron", "--", "finance.remind-due-charges"], {
    cwd: ROOT,
    env: environment,
  });
  expect(fired.stdout).toContain("finance.remind-due-charges fired");
  const refused = await run("npm", ["run", "--silent", "cron", "--", "nobody.knows"], { cwd: ROOT, env: environment }).catch(
    (error: { code: number; stderr: string }) => error,
  );
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("finance.remind-due-charges") });
});

test("SIGINT ends everything that was started, and the port is free again", async () => {
  const { variables, standIns } = JSON.parse(readFileSync(join(home, "stand-ins.json"), "utf8")) as RunningPlatform;
  await stop();
  expect(platform.exitCode).toBe(0);
  const ports = [port, ...Object.values(standIns).map((standIn) => standIn.port)];
  await Promise.all(ports.map((each) => expect(isFree(each)).resolves.toBe(true)));
  const client = new pg.Client({ connectionString: variables.DATABASE_URL ?? "" });
  await expect(client.connect()).rejects.toThrow("ECONNREFUSED");
});

/** Resolves when the banner is printed, after the story. */
async function told(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    platform.stdout?.on("data", () => output.join("").includes("Ctrl-C") && resolve());
    platform.once("exit", () => reject(new Error(`npm start ended: ${output.join("")}`)));
  });
}

async function stop(): Promise<void> {
  const ended = new Promise<void>((resolve) => platform.once("exit", () => resolve()));
  platform.kill("SIGINT");
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: free } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return free;
}

function isFree(candidate: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(candidate, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
