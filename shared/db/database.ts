import { type SQL, sql } from "drizzle-orm";
import { type NewJob, type StagedJob, stageJobs } from "../jobs/stage.ts";
import type { Builder, Connection, Results, Statement } from "./connect.ts";
import { findDatabaseFailure, toAppError } from "./database-error.ts";
import { type Guard, guardStatement } from "./guard.ts";
import { idempotencyKeys } from "./schema/work.ts";

const PROGRAMME_ID = "00000000-0000-0000-0000-000000000000";

export interface Write<Answer> {
  /** Judged first; the first that fails ends everything. */
  guards?: readonly Guard[];
  statements?: readonly Statement[];
  /** Staged in the same transaction, rung after it has committed. */
  jobs?: readonly NewJob[];
  /** A JSON expression, evaluated after the statements: `(select … from …)`. */
  answer: SQL<Answer>;
}

/**
 * The database as one actor sees it. Each call is one HTTP request and one transaction, in which the database first checks who
 * comes in (`guilda.enter_*`) and gives up every right that the actor does not have.
 */
export interface Database {
  build: Builder;
  read<const Statements extends readonly Statement[]>(statements: Statements): Promise<Results<Statements>>;
  write<Answer>(write: Write<Answer>): Promise<Answer>;
}

/** What makes a repeated request the same request (header `idempotency-key`). */
export interface Idempotency {
  procedure: string;
  key: string;
  /** Over the actor and the input. */
  requestSha256: string;
}

export interface DatabaseOptions {
  connection: Connection;
  /** Leads each read. */
  entry: SQL;
  /** Leads each write; the same as `entry` when left out. */
  writeEntry?: SQL;
  mentoradoId: string | null;
  requestId: string;
  newId: () => string;
  idempotency?: Idempotency | undefined;
  /** Called with the jobs that a write staged, after it has committed. */
  onStaged: (jobs: StagedJob[]) => void;
}

/** @returns the database of one actor; made per request. */
export function openDatabase(options: DatabaseOptions): Database {
  const { connection, entry } = options;
  return {
    build: connection.build,
    async read(statements) {
      try {
        return await connection.run(entry, statements);
      } catch (error) {
        throw toAppError(error);
      }
    },
    async write(write) {
      try {
        return await commit(options, write);
      } catch (error) {
        const failure = findDatabaseFailure(error);
        if (options.idempotency !== undefined && failure?.message === "IDEMPOTENCY_KEY_USED")
          return replay(options, options.idempotency);
        throw toAppError(error);
      }
    },
  };
}

async function commit<Answer>(
  options: DatabaseOptions,
  { guards = [], statements = [], jobs = [], answer }: Write<Answer>,
): Promise<Answer> {
  const { connection, idempotency, mentoradoId, requestId, newId } = options;
  const { build } = connection;
  const before: Statement[] = [];
  if (idempotency !== undefined) {
    const { procedure, key, requestSha256 } = idempotency;
    before.push(build.execute(sql`select guilda.claim_idempotency_key(${procedure}, ${key}, decode(${requestSha256}, 'hex'))`));
  }
  if (guards.length > 0) before.push(build.execute(guardStatement(guards)));
  const staged = jobs.length > 0 ? [stageJobs({ build, jobs, mentoradoId, requestId, newId })] : [];
  const results = await connection.run(options.writeEntry ?? options.entry, [
    ...before,
    ...statements,
    ...staged,
    build.execute(
      idempotency === undefined ? sql`select ${answer} as answer` : storeAnswer({ idempotency, mentoradoId, answer }),
    ),
  ]);
  if (staged.length > 0) options.onStaged(results.at(-2) as StagedJob[]);
  const last = results.at(-1) as { rows: { answer: Answer }[] } | undefined;
  const row = last?.rows[0];
  if (row === undefined) throw new Error("A write must answer with one row");
  return row.answer;
}

function storeAnswer({
  idempotency,
  mentoradoId,
  answer,
}: {
  idempotency: Idempotency;
  mentoradoId: string | null;
  answer: SQL;
}): SQL {
  return sql`update idempotency_keys set response = ${answer}
    where mentorado_id = ${mentoradoId ?? PROGRAMME_ID} and procedure = ${idempotency.procedure} and key = ${idempotency.key}
    returning response as answer`;
}

/** The key was used before: answers what was answered then, or refuses when it was for another request. */
async function replay<Answer>(
  { connection, entry, mentoradoId }: DatabaseOptions,
  { procedure, key, requestSha256 }: Idempotency,
): Promise<Answer> {
  const { build } = connection;
  try {
    const [stored] = await connection.run(entry, [
      build.execute(
        sql`select guilda.require(k.request_sha256 = decode(${requestSha256}, 'hex'), 'GU409', 'IDEMPOTENCY_KEY_REUSED'), k.response as answer
          from ${idempotencyKeys} k where k.mentorado_id = ${mentoradoId ?? PROGRAMME_ID} and k.procedure = ${procedure} and k.key = ${key}`,
      ),
    ]);
    return (stored.rows[0] as { answer: Answer }).answer;
  } catch (error) {
    throw toAppError(error);
  }
}
