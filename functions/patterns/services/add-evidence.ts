import { and, eq, isNull, ne, type SQL, sql } from "drizzle-orm";
import type { Guard } from "../../../shared/db/guard.ts";
import { patternEvidence, patterns, repoFiles, scans } from "../../../shared/db/schema/craft.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changePattern } from "../judging/change-pattern.ts";
import { evidenceOf } from "../judging/evidence-view.ts";
import type { AddEvidenceInput } from "../judging/pattern-schemas.ts";
import { isPattern } from "../judging/pattern-view.ts";

const MAX_EVIDENCE = 100;

/**
 * Adds a place that a person shows. It must be in the repository as it was read last: the file is there, and no line is past what its size
 * allows. It is kept with that commit and the hash of the file, and turns stale when the file changes.
 *
 * @throws as `changePattern`; NotFoundError EVIDENCE_NOT_FOUND; ConflictError EVIDENCE_EXISTS, EVIDENCE_FULL.
 */
export function addEvidence({ ctx, input }: { ctx: VerbContext; input: AddEvidenceInput }) {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const { id, path, startLine = null, endLine = null, isCounterExample } = input;
  const isFile = fileOf({ mentoradoId, patternId: id, path, endLine });
  return changePattern({
    ctx,
    id,
    verb: "add_evidence",
    change: { path, startLine, endLine, isCounterExample },
    guards: guardsOf({ ctx, input, isFile }),
    statements: [
      build.execute(sql`
        insert into ${patternEvidence}
               (mentorado_id, id, pattern_id, path, start_line, end_line, commit_sha, blob_sha, is_counter_example, added_by)
        select ${mentoradoId}, ${ctx.newId()}, ${id}, ${repoFiles.path}, ${startLine}::integer, ${endLine}::integer, ${scans.commitSha},
               ${repoFiles.blobSha}, ${isCounterExample}, 'person'
          from ${repoFiles} join ${scans} on ${scans.mentoradoId} = ${repoFiles.mentoradoId} and ${scans.id} = ${repoFiles.scanId}
         where ${isFile}`),
    ],
  });
}

/** A file of n bytes has at most n + 1 lines. */
function fileOf({
  mentoradoId,
  patternId,
  path,
  endLine,
}: {
  mentoradoId: string;
  patternId: string;
  path: string;
  endLine: number | null;
}): SQL | undefined {
  return and(
    eq(repoFiles.mentoradoId, mentoradoId),
    sql`${repoFiles.repoId} = (select ${patterns.repoId} from ${patterns} where ${isPattern({ mentoradoId, id: patternId })})`,
    eq(repoFiles.path, path),
    repoFiles.isPresent,
    ne(repoFiles.blobSha, ""),
    endLine === null ? undefined : sql`${repoFiles.sizeBytes} + 1 >= ${endLine}::integer`,
  );
}

function guardsOf({ ctx, input, isFile }: { ctx: VerbContext; input: AddEvidenceInput; isFile: SQL | undefined }): Guard[] {
  const isOfPattern = evidenceOf({ mentoradoId: ctx.mentoradoId, patternId: input.id });
  const isSame = and(
    isOfPattern,
    eq(patternEvidence.path, input.path),
    input.startLine === undefined ? isNull(patternEvidence.startLine) : eq(patternEvidence.startLine, input.startLine),
    input.endLine === undefined ? isNull(patternEvidence.endLine) : eq(patternEvidence.endLine, input.endLine),
    eq(patternEvidence.isCounterExample, input.isCounterExample),
  );
  return [
    {
      condition: sql`exists (select 1 from ${repoFiles} where ${isFile})`,
      refuseWith: "NOT_FOUND",
      errorCode: "EVIDENCE_NOT_FOUND",
    },
    {
      condition: sql`not exists (select 1 from ${patternEvidence} where ${isSame})`,
      refuseWith: "CONFLICT",
      errorCode: "EVIDENCE_EXISTS",
    },
    {
      condition: sql`(select count(*) from ${patternEvidence} where ${isOfPattern}) < ${MAX_EVIDENCE}`,
      refuseWith: "CONFLICT",
      errorCode: "EVIDENCE_FULL",
    },
  ];
}
