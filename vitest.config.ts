import { defineConfig } from "vitest/config";

/**
 * The driver keeps its settings in a global, which other files set as the Workers do. And a process that "dies" in a test goes on in
 * the background: what it still asks for would reach the stand-ins of the next file and use up their faults.
 */
const NEEDS_OWN_PROCESS = [
  "test/contract/neon.test.ts",
  "test/faults/crash.test.ts",
  "test/ingestion/pull-request-crash.test.ts",
  "test/ingestion/scan-crash.test.ts",
  "test/outbound/run-effect.test.ts",
  "test/patterns/adopt-scan.test.ts",
  "test/patterns/word-candidates.test.ts",
];

const common = {
  globalSetup: ["test/support/global-setup.ts"],
  pool: "forks" as const,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    // Most of a file's time is spent waiting for Postgres and workerd, which work beside it.
    maxWorkers: 2,
    // What a passing test makes the Workers log is no news.
    silent: "passed-only",
    projects: [
      {
        test: {
          ...common,
          name: "platform",
          include: ["test/**/*.test.ts"],
          exclude: NEEDS_OWN_PROCESS,
          // Every file starts what it needs by itself and shares nothing, so loading the packages anew for each would only cost time.
          isolate: false,
        },
      },
      { test: { ...common, name: "alone", include: NEEDS_OWN_PROCESS, isolate: true } },
    ],
  },
});
