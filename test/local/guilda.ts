import { printable } from "./guilda/printable.ts";
import { clearProgress } from "./guilda/progress.ts";
import { AGENTS_USAGE, runAgents } from "./guilda/run-agents.ts";
import { CHECK_USAGE, runCheck } from "./guilda/run-check.ts";
import { MINE_USAGE, runMine } from "./guilda/run-mine.ts";

const USAGE = `Usage: npm run guilda -- ${[MINE_USAGE, CHECK_USAGE, AGENTS_USAGE].join(" | ")}`;

// Whoever reads only the first lines closes the pipe.
process.stdout.on("error", () => process.exit());

const [command, ...args] = process.argv.slice(2);
try {
  await run();
} catch (error) {
  clearProgress();
  console.error(printable(error instanceof Error ? error.message : String(error)));
  // Of a check, 1 says that an error was found.
  process.exitCode = command === "check" ? 2 : 1;
}

async function run(): Promise<void> {
  switch (command ?? "") {
    case "mine":
      return runMine(args);
    case "check":
      return runCheck(args);
    case "agents":
      return runAgents(args);
    default:
      throw new Error(USAGE);
  }
}
