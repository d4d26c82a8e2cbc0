import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { migrate } from "../local/migrate.ts";
import { createDatabase, startPostgres } from "../local/postgres.ts";

/** The migrated database that every test database is a copy of. */
export const TEMPLATE_DATABASE = "guilda_template";

declare module "vitest" {
  interface ProvidedContext {
    /** URL of the template database; a test database is on the same server. */
    templateUrl: string;
  }
}

/** One Postgres for the whole run, in a folder that goes away with it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), "guilda-test-"));
  const postgres = await startPostgres({ dataDir });
  const teardown = async () => {
    await postgres.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const templateUrl = postgres.url(TEMPLATE_DATABASE);
    await createDatabase({ postgres, name: TEMPLATE_DATABASE });
    await migrate({ url: templateUrl, directory: resolve(import.meta.dirname, "../../migrations") });
    project.provide("templateUrl", templateUrl);
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}
