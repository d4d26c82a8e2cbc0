import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The root of the repository. */
export const ROOT = resolve(import.meta.dirname, "../..");

/** Where local data lives: `GUILDA_HOME`, else `.guilda` in the repository. */
export function stateFolder(): string {
  return resolve(ROOT, process.env.GUILDA_HOME ?? ".guilda");
}

/** Reads `.env`, if there is one; what the environment already has wins. */
export function loadDotEnv(): void {
  const path = join(ROOT, ".env");
  if (existsSync(path)) process.loadEnvFile(path);
}

/** What the running platform tells the other commands: every variable of the Workers, and where each stand-in listens. */
export interface RunningPlatform {
  variables: Record<string, string>;
  standIns: Record<string, { url: string; port: number }>;
}

const FILE_NAME = "stand-ins.json";

export function writeRunningPlatform(folder: string, platform: RunningPlatform): void {
  writeFileSync(join(folder, FILE_NAME), `${JSON.stringify(platform, null, 2)}\n`, { mode: 0o600 });
}

/** @throws Error with the cure when the platform is not running. */
export function readRunningPlatform(): RunningPlatform {
  const path = join(stateFolder(), FILE_NAME);
  if (!existsSync(path)) throw new Error("Guilda is not running here: start it with `npm start`");
  return JSON.parse(readFileSync(path, "utf8")) as RunningPlatform;
}

/** Secrets of the local platform: made once, kept in the state folder, so that data survives a restart. */
export function localSecrets(folder: string): Record<string, string> {
  const path = join(folder, "secrets.json");
  const kept = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, string>) : {};
  const secret = () => randomBytes(32).toString("base64url");
  const made = {
    UPSTASH_REDIS_REST_TOKEN: secret(),
    QSTASH_TOKEN: secret(),
    QSTASH_CURRENT_SIGNING_KEY: `sig_${secret()}`,
    QSTASH_NEXT_SIGNING_KEY: `sig_${secret()}`,
    CLERK_WEBHOOK_SIGNING_SECRET: `whsec_${randomBytes(24).toString("base64")}`,
    GITHUB_WEBHOOK_SECRET: secret(),
    ANTHROPIC_API_KEY: `sk-ant-local-${secret()}`,
    ENCRYPTION_KEY: `1:${randomBytes(32).toString("base64")}`,
  };
  // A folder of an earlier version lacks the secrets that came later.
  const secrets = { ...made, ...kept };
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}
