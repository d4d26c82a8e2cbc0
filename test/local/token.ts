import { parseArgs } from "node:util";
import { loadDotEnv, readRunningPlatform } from "./state.ts";

const { values } = parseArgs({ options: { email: { type: "string" } } });
loadDotEnv();

try {
  if (values.email === undefined) throw new Error("Usage: npm run token -- --email <address>");
  const clerk = readRunningPlatform().standIns.clerk;
  if (clerk === undefined) throw new Error("Clerk is not a stand-in here: sign in through the real one");
  const response = await fetch(`${clerk.url}/local/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    // Long enough to try things by hand; Clerk's own live for a minute.
    body: JSON.stringify({ email: values.email, ttlSeconds: 3_600 }),
  });
  if (!response.ok) throw new Error(`No user of the local Clerk has the address ${values.email}`);
  const { token } = (await response.json()) as { token: string };
  console.log(token);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
