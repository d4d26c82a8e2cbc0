import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**"],
    globalSetup: ["test/support/global-setup.ts"],
    // Every file starts what it needs by itself and shares nothing, so loading the packages anew for each would only cost time.
    isolate: false,
    pool: "forks",
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
