import { parseArgs } from "node:util";
import { SCHEDULES } from "../../functions/scheduler/schedules.ts";
import { fireSchedule } from "./fire-schedule.ts";
import { loadDotEnv, readRunningPlatform } from "./state.ts";

const { positionals, values } = parseArgs({ allowPositionals: true, options: { at: { type: "string" } } });
const [schedule] = positionals;
loadDotEnv();

try {
  if (schedule === undefined || !SCHEDULES.some(({ name }) => name === schedule)) {
    throw new Error(
      `Usage: npm run cron -- <schedule> [--at <ISO time>]\nSchedules: ${SCHEDULES.map(({ name }) => name).join(", ")}`,
    );
  }
  if (values.at !== undefined && Number.isNaN(Date.parse(values.at))) throw new Error(`--at is no ISO time: ${values.at}`);
  const at = values.at === undefined ? undefined : new Date(values.at).toISOString();
  const outcome = await fireSchedule({ variables: readRunningPlatform().variables, schedule, at });
  if (outcome !== "DELIVERED") throw new Error(`${schedule} was not fired: ${outcome}`);
  console.log(`${schedule} fired${at === undefined ? "" : ` for ${at}`}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
