import { DEFAULTS, isVariableName, parseConfig } from "../config/config.ts";
import type { Worker } from "./read-workers.ts";

/** What the deploy itself needs to act at Cloudflare. */
const DEPLOY_VARIABLES: Record<string, RegExp> = {
  CLOUDFLARE_ACCOUNT_ID: /^[0-9a-f]{32}$/,
  CLOUDFLARE_API_TOKEN: /^\S{20,}$/,
};

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Judges every variable that the Workers and the deploy need, before anything is touched.
 *
 * @returns one problem for each variable that is missing, malformed or of this machine; values never get into them.
 */
export function checkConfiguration({
  workers,
  environment,
}: {
  workers: readonly Pick<Worker, "name" | "secrets">[];
  environment: Environment;
}): string[] {
  const problems: string[] = [];
  for (const name of requiredVariables(workers)) {
    const problem = judge({ name, value: environment[name] || DEFAULTS[name] });
    if (problem !== undefined) problems.push(`${name} is ${problem}`);
  }
  if (environment.NEON_FETCH_ENDPOINT) problems.push("NEON_FETCH_ENDPOINT is for a local database only: unset it");
  return problems;
}

/** @returns the names in order, each once. */
export function requiredVariables(workers: readonly Pick<Worker, "secrets">[]): string[] {
  return [...new Set([...Object.keys(DEPLOY_VARIABLES), ...workers.flatMap(({ secrets }) => secrets)])].sort();
}

function judge({ name, value }: { name: string; value: string | undefined }): string | undefined {
  if (value === undefined || value.trim() === "") return "missing";
  if (!isWellFormed({ name, value })) return "malformed";
  if (isLocal(value)) return "an address of this machine";
  if (name === "PUBLIC_URL" && !value.startsWith("https://")) return "not an https address";
  return undefined;
}

function isWellFormed({ name, value }: { name: string; value: string }): boolean {
  const pattern = DEPLOY_VARIABLES[name];
  if (pattern !== undefined) return pattern.test(value);
  if (!isVariableName(name))
    throw new Error(`${name} is required by a wrangler.toml but shared/config/config.ts does not know it`);
  try {
    parseConfig({ [name]: value }, [name]);
    return true;
  } catch {
    return false;
  }
}

/** Any part of a list of addresses that only this machine, or its own network, can reach. */
function isLocal(value: string): boolean {
  return value.split(",").some((part) => {
    const text = part.trim();
    return (
      URL.canParse(text) && /:\/\//.test(text) && LOCAL_HOST.test(new URL(text.replace(/^postgres(ql)?:/, "http:")).hostname)
    );
  });
}

const LOCAL_HOST = /^(localhost|.*\.local(host)?|0\.0\.0\.0|127\.\d+\.\d+\.\d+|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|\[::1?\])$/;
