import { defineConfig } from "vitest/config";

/** The rules that need no database: part of `npm run check`. */
export default defineConfig({
  cacheDir: "../../node_modules/.vite/rules",
  test: {
    root: import.meta.dirname,
    include: ["*.test.ts"],
    exclude: ["schema.test.ts"],
    isolate: false,
  },
});
