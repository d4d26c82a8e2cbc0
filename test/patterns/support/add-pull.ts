import { createHash } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { insertRow } from "../../db/support/insert-row.ts";
import type { Platform } from "../../support/platform.ts";

export interface Pull {
  id: string;
  /** Newest last. */
  checkIds: string[];
  violationIds: string[];
}

/** Counts of one check by pattern: opportunities and hits. Null stands for a check that failed. */
export type Counts = Record<string, [opportunities: number, hits: number]> | null;

let number = 0;

/** A pull request with checks in the shadow, as ingestion leaves them; its violations are those of the pattern that is named. */
export async function addPull({
  platform: { database },
  mentoradoId,
  repoId,
  checks,
  row = {},
  violations = {},
}: {
  platform: Pick<Platform, "database">;
  mentoradoId: string;
  repoId: string;
  checks: readonly Counts[];
  row?: Record<string, unknown>;
  violations?: Record<string, number>;
}): Promise<Pull> {
  const id = uuidv7();
  number += 1;
  const at = new Date().toISOString();
  await insertRow(database, "pull_requests", {
    mentorado_id: mentoradoId,
    id,
    repo_id: repoId,
    number,
    title: `Change ${number}`,
    author_login: "ana",
    state: "open",
    head_sha: shaOf(id),
    base_ref: "main",
    opened_at: at,
    event_at: at,
    ...row,
  });
  const checkIds: string[] = [];
  for (const counts of checks) {
    const checkId = uuidv7();
    checkIds.push(checkId);
    await insertRow(database, "pull_checks", {
      mentorado_id: mentoradoId,
      id: checkId,
      pull_request_id: id,
      head_sha: shaOf(checkId),
      base_ref: "main",
      is_shadow: true,
      ...(counts === null ? { status: "failed", failure: "not_found" } : { status: "done", conclusion: "success" }),
    });
    for (const [patternId, [opportunities, hits]] of Object.entries(counts ?? {}))
      await insertRow(database, "pull_check_patterns", {
        mentorado_id: mentoradoId,
        pull_check_id: checkId,
        pattern_id: patternId,
        opportunities,
        hits,
      });
  }
  const violationIds: string[] = [];
  for (const [patternId, count] of Object.entries(violations))
    for (let line = 1; line <= count; line += 1) {
      const violationId = uuidv7();
      violationIds.push(violationId);
      await insertRow(database, "violations", {
        mentorado_id: mentoradoId,
        id: violationId,
        pull_request_id: id,
        pattern_id: patternId,
        fingerprint: violationId,
        path: "src/a.ts",
        start_line: line,
        end_line: line,
        value: "console.log",
        severity: "error",
        last_check_id: checkIds.at(-1),
      });
    }
  return { id, checkIds, violationIds };
}

function shaOf(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}
