import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfig as readEdgeConfig } from "../../functions/edge/env.ts";
import { GROUP_NAMES } from "../../functions/edge/groups.ts";
import { orderWorkers } from "../../shared/deploy/order-workers.ts";
import { readWorkers, type Worker } from "../../shared/deploy/read-workers.ts";
import { JOBS } from "../../shared/jobs/catalog.ts";
import { openKernel } from "../../shared/kernel.ts";
import { ROOT, readSources, type Source } from "./read-sources.ts";

const WORKERS = readWorkers(ROOT);
const EDGE = WORKERS.find(({ group }) => group === "edge");
const GROUPS = WORKERS.filter(({ group }) => group !== "edge");

describe("the configuration of the Workers", () => {
  it("has the edge and one Worker for each group that the edge knows", () => {
    expect(GROUPS.map(({ group }) => group).sort()).toEqual([...GROUP_NAMES].sort());
    expect(WORKERS.map(({ name, group }) => [name, `guilda-${group}`]).filter(([name, expected]) => name !== expected)).toEqual(
      [],
    );
    expect(EDGE?.services).toEqual(Object.fromEntries(GROUP_NAMES.map((group) => [group.toUpperCase(), `guilda-${group}`])));
  });

  it("lets people reach the edge alone", () => {
    expect(WORKERS.filter(({ isPublic }) => isPublic).map(({ group }) => group)).toEqual(["edge"]);
    for (const { config } of GROUPS)
      expect(readFileSync(config, "utf8")).toMatch(/^workers_dev = false$[\s\S]*^preview_urls = false$/m);
  });

  it("has one compatibility date everywhere", () => {
    expect(new Set(WORKERS.map(({ compatibilityDate }) => compatibilityDate)).size).toBe(1);
  });

  it("binds without a circle, so that there is an order to deploy in, with the edge last", () => {
    expect(orderWorkers(WORKERS).at(-1)?.group).toBe("edge");
  });

  it("sends each job to a Worker that exists", () => {
    const groups = new Set(GROUPS.map(({ group }) => group));
    expect(Object.entries(JOBS).filter(([name, { group }]) => !groups.has(group) || !name.startsWith(`${group}.`))).toEqual([]);
  });

  it("leaves ticking to the scheduler, each minute", () => {
    expect(WORKERS.filter(({ crons }) => crons.length > 0).map(({ group, crons }) => [group, crons])).toEqual([
      ["scheduler", ["* * * * *"]],
    ]);
  });

  it("keeps no value of a secret beside it", () => {
    expect(WORKERS.flatMap(({ config }) => readdirSync(dirname(config)).filter((name) => name.startsWith(".dev.vars")))).toEqual(
      [],
    );
  });
});

describe.each(WORKERS)("$name", (worker) => {
  it("requires exactly the secrets that its code parses", () => {
    expect([...worker.secrets].sort()).toEqual(variablesOf(worker).sort());
  });

  it("has no variable but the local one for Neon's protocol, empty", () => {
    expect(worker.vars).toEqual(worker.group === "edge" ? {} : { NEON_FETCH_ENDPOINT: "" });
  });

  it("has generated types that agree with its configuration", () => {
    const types = readFileSync(join(ROOT, "functions", worker.group, "worker-configuration.d.ts"), "utf8");
    const body = /interface __BaseEnv_\w+ \{([^}]*)\}/.exec(types)?.[1] ?? "";
    const declared = [...body.matchAll(/^\s*(\w+): /gm)].map(([, name]) => name);
    expect(declared.sort()).toEqual([...worker.secrets, ...Object.keys(worker.vars), ...Object.keys(worker.services)].sort());
  });
});

it("finds the variables of a group in every form that the code uses", () => {
  const code = 'parseConfig(env, ["A", "B"]); const c = parseConfig(env, [\n  "C",\n]);';
  expect(parsedVariables([{ path: "functions/x/worker.ts", code, imports: [] }])).toEqual(["A", "B", "C"]);
  expect(() => parsedVariables([{ path: "functions/x/worker.ts", code: "parseConfig(env, NAMES)", imports: [] }])).toThrow(
    "functions/x/worker.ts",
  );
});

function variablesOf({ group }: Worker): string[] {
  if (group === "edge") return namesIn(() => readEdgeConfig({}));
  const sources = readSources([join("functions", group)]);
  const kernel = sources.some(({ code }) => code.includes("openKernel("))
    ? namesIn(() => openKernel({ env: {}, worker: group }))
    : [];
  return [...new Set([...kernel, ...parsedVariables(sources)])];
}

/** A configuration with nothing in it is refused by name. */
function namesIn(refuse: () => unknown): string[] {
  try {
    refuse();
  } catch (error) {
    return [...String(error).matchAll(/(\w+) is missing/g)].map(([, name = ""]) => name);
  }
  throw new Error("An empty configuration was accepted");
}

/** The names are written where they are parsed, as literals, so that they can be read here. */
function parsedVariables(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, code }) =>
    [...code.matchAll(/\bparseConfig\(([^[\])]*)(\[[^\]]*\])?/g)].flatMap(([, , list]) => {
      if (list === undefined) throw new Error(`${path} parses variables that are not listed in the call`);
      return [...list.matchAll(/"(\w+)"/g)].map(([, name = ""]) => name);
    }),
  );
}

it("has a Worker's entry point in each folder", () => {
  expect(
    WORKERS.filter(({ group }) => !existsSync(join(ROOT, "functions", group, "worker.ts"))).map(({ group }) => group),
  ).toEqual([]);
});
