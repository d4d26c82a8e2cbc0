import { and, eq } from "drizzle-orm";
import { repoFiles } from "../../../shared/db/schema/craft.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";

/** What earlier scans have learnt of a file. */
export interface KnownFile {
  path: string;
  blobSha: string;
  minerVersion: number;
  kind: "source" | "other" | "skipped";
  isPresent: boolean;
}

/** The statement that reads what is known of a repository's files. */
export function selectKnownFiles({ db, mentoradoId }: Pick<JobContext, "db" | "mentoradoId">, repoId: string) {
  return db.build
    .select({
      path: repoFiles.path,
      blobSha: repoFiles.blobSha,
      minerVersion: repoFiles.minerVersion,
      kind: repoFiles.kind,
      isPresent: repoFiles.isPresent,
    })
    .from(repoFiles)
    .where(and(eq(repoFiles.mentoradoId, mentoradoId), eq(repoFiles.repoId, repoId)));
}
