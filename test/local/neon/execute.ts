import pg from "pg";
import type { CommandCompleteMessage, DataRowMessage, Field, RowDescriptionMessage } from "pg-protocol/dist/messages.js";
import type { Pool } from "./pool.ts";
import { Refusal } from "./refusal.ts";
import type { Statement } from "./request.ts";

/**
 * What Neon's proxy runs before a connection serves somebody else, so that the next request sees nothing of this one's session.
 * It is sent right behind the request and nobody waits for it; a connection that it leaves in a transaction is thrown away.
 */
const RESET_SESSION =
  "close all; set session authorization default; reset all; deallocate all; unlisten *; select pg_advisory_unlock_all(); discard temp; discard sequences";

export interface StatementResult {
  fields: Field[];
  rows: unknown[];
  command: string;
  rowCount: number | null;
  rowAsArray: boolean;
}

interface Work {
  pool: Pool;
  client: pg.Client;
  statements: Statement[];
  /** Of all rows together. */
  maxBytes: number;
}

/** Runs one statement by itself and gives the connection back. */
export async function runSingle(work: Work): Promise<StatementResult | undefined> {
  const results = await inOneWrite(work, () => {
    const sent = exchange(work);
    resetAndRelease({ ...work, sql: RESET_SESSION });
    return sent;
  });
  return results[0];
}

/** Runs a batch as one transaction and gives the connection back. COMMIT waits, because a batch with too large a response is rolled back. */
export async function runBatch({ begin, ...work }: Work & { begin: string }): Promise<StatementResult[]> {
  const results = await exchange({ ...work, statements: [command(begin), ...work.statements] }).catch((error: unknown) => {
    resetAndRelease({ ...work, sql: `rollback; ${RESET_SESSION}` });
    throw error;
  });
  await inOneWrite(work, () => {
    const committed = exchange({ ...work, statements: [command("commit")] });
    resetAndRelease({ ...work, sql: RESET_SESSION });
    return committed;
  });
  return results.slice(1);
}

function command(query: string): Statement {
  return { query, params: [], arrayMode: true };
}

function inOneWrite<Sent>({ client }: Work, send: () => Sent): Sent {
  const { stream } = client.connection;
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
}

function resetAndRelease({ pool, client, sql }: Work & { sql: string }): void {
  client.query(
    new WireQuery({
      submit: (wire) => wire.query(sql),
      onError: () => pool.release(client, { clean: false }),
      onReady: () => pool.release(client, { clean: client.getTransactionStatus() === "I" }),
    }),
  );
}

/** Sends the statements together; the first error ends them all. */
function exchange({ client, statements, maxBytes }: Work): Promise<StatementResult[]> {
  return new Promise((resolve, reject) => {
    // Nothing else stops a statement that is still sending rows, or one that waits for rows to be copied in.
    const abort = (refusal: Refusal) => {
      reject(refusal);
      client.connection.stream.destroy();
    };
    const collector = collectResults({ statements, maxBytes, abort });
    client.query(
      new WireQuery({
        submit: (wire) => sendExtended({ wire, statements }),
        onMessage: collector.onMessage,
        onError: (error) => reject(error instanceof pg.DatabaseError ? error : new Refusal("connection closed", 400, error)),
        onReady: () => resolve(collector.results),
      }),
    );
  });
}

/** The extended protocol takes one statement each, with parameters as text of no stated type: `select 1; select 2` is refused (42601). */
function sendExtended({ wire, statements }: { wire: pg.Connection; statements: Statement[] }): void {
  wire.stream.cork();
  for (const { query, params } of statements) {
    wire.parse({ name: "", text: query, types: [] }, true);
    wire.bind({ portal: "", statement: "", values: params }, true);
    wire.describe({ type: "P", name: "" }, true);
    wire.execute({ portal: "" }, true);
  }
  wire.sync();
  wire.stream.uncork();
}

interface CollectOptions {
  statements: Statement[];
  maxBytes: number;
  abort: (refusal: Refusal) => void;
}

function collectResults({ statements, maxBytes, abort }: CollectOptions) {
  const results: StatementResult[] = [];
  let fields: Field[] = [];
  let rows: unknown[] = [];
  let bytes = 0;

  function onMessage(message: ResultMessage): void {
    const rowAsArray = statements[results.length]?.arrayMode ?? true;
    switch (message.name) {
      case "rowDescription":
        fields = message.fields;
        return;
      case "dataRow":
        bytes += message.length;
        if (bytes > maxBytes) abort(new Refusal(`response is too large (max is ${maxBytes} bytes)`, 507));
        else rows.push(rowAsArray ? message.fields : rowObject({ fields, row: message.fields }));
        return;
      case "commandComplete":
        results.push({ fields, rows, ...parseCommandTag(message.text), rowAsArray });
        [fields, rows] = [[], []];
        return;
      case "copyInResponse":
        abort(new Refusal("unexpected message from server"));
    }
  }
  return { results, onMessage };
}

function rowObject({ fields, row }: { fields: Field[]; row: unknown[] }): Record<string, unknown> {
  return Object.fromEntries(fields.map((field, index) => [field.name, row[index]]));
}

/** `INSERT 0 3` is INSERT and 3; `UPDATE 2` is UPDATE and 2; `CREATE TABLE` is CREATE and null. */
function parseCommandTag(tag: string): Pick<StatementResult, "command" | "rowCount"> {
  const [name = "", ...rest] = tag.split(" ");
  const count = name === "INSERT" ? rest[1] : rest.join(" ");
  return { command: name, rowCount: count !== undefined && /^\d+$/.test(count) ? Number(count) : null };
}

type ResultMessage =
  | (RowDescriptionMessage & { name: "rowDescription" })
  | (DataRowMessage & { name: "dataRow" })
  | (Pick<CommandCompleteMessage, "text"> & { name: "commandComplete" })
  | { name: "copyInResponse" };

interface WireQueryHandlers {
  submit: (wire: pg.Connection) => void;
  onMessage?: (message: ResultMessage) => void;
  onError: (error: Error) => void;
  onReady: () => void;
}

/** What `pg` takes in place of a query, so that rows stay the text that Postgres sent. */
class WireQuery implements pg.Submittable {
  readonly submit: (wire: pg.Connection) => void;
  readonly handleError: (error: Error) => void;
  readonly handleReadyForQuery: () => void;
  readonly #onMessage: (message: ResultMessage) => void;

  constructor({ submit, onMessage = () => {}, onError, onReady }: WireQueryHandlers) {
    this.submit = submit;
    this.handleError = onError;
    this.handleReadyForQuery = onReady;
    this.#onMessage = onMessage;
  }
  handleRowDescription(message: ResultMessage): void {
    this.#onMessage(message);
  }
  handleDataRow(message: ResultMessage): void {
    this.#onMessage(message);
  }
  handleCommandComplete(message: ResultMessage): void {
    this.#onMessage(message);
  }
  handleEmptyQuery(): void {
    this.#onMessage({ name: "commandComplete", text: "" });
  }
  handleCopyInResponse(): void {
    this.#onMessage({ name: "copyInResponse" });
  }
  handleCopyData(): void {}
}
