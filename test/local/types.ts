import { spawnSync } from "node:child_process";
import { basename, dirname, join } from "node:path";
import { ROOT } from "./state.ts";
import { workerConfigs } from "./workers.ts";

/** Writes `worker-configuration.d.ts` of every Worker from its configuration; with `--check`, only says whether they are up to date. */
const flags = process.argv.slice(2);
const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
let failed = false;

for (const config of workerConfigs()) {
  const group = config === "wrangler.toml" ? "edge" : basename(dirname(config));
  const name = `${group.charAt(0).toUpperCase()}${group.slice(1)}Env`;
  const output = join("functions", group, "worker-configuration.d.ts");
  // The edge's bindings take their types from the Workers that they lead to.
  const configs = group === "edge" ? workerConfigs() : [config];
  const parameters = [
    "types",
    output,
    ...configs.flatMap((path) => ["-c", path]),
    "--include-runtime=false",
    "--env-interface",
    name,
    ...flags,
  ];
  const { status, stderr, stdout } = spawnSync(process.execPath, [wrangler, ...parameters], { cwd: ROOT, encoding: "utf8" });
  if (status === 0) continue;
  failed = true;
  console.error(`${output} is not up to date (npm run types)\n${stdout}${stderr}`);
}
process.exitCode = failed ? 1 : 0;
