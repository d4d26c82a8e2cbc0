import { scrub } from "./scrub.ts";

export type LogLevel = "info" | "warn" | "error";

/** The fields that a log line may carry (`docs/architecture.md`, "Logs"). Ids and codes only: no names, no contacts, no payloads. */
export interface LogFields {
  requestId?: string;
  worker?: string;
  route?: string;
  procedure?: string;
  job?: string;
  jobId?: string;
  schedule?: string;
  mentoradoId?: string;
  actorId?: string;
  actorRole?: string;
  provider?: string;
  externalId?: string;
  operation?: string;
  outcome?: string;
  errorClass?: string;
  errorCode?: string;
  attempt?: number;
  status?: number;
  durationMs?: number;
  count?: number;
  /** Scrubbed text of an unexpected error, with its causes. */
  error?: string;
}

export interface Logger {
  /** Writes one JSON line. `event` says what happened, in the past tense: `request.answered`. */
  write(level: LogLevel, event: string, fields?: LogFields): void;
  /** @returns a logger that adds `fields` to each line. */
  with(fields: LogFields): Logger;
}

/** @returns a logger whose lines go to the console, which Workers collect; every string is scrubbed on the way out. */
export function createLogger(base: LogFields = {}): Logger {
  return {
    write(level, event, fields = {}) {
      const line: Record<string, unknown> = { ts: new Date().toISOString(), level, event };
      for (const [name, value] of Object.entries({ ...base, ...fields })) {
        if (value !== undefined) line[name] = typeof value === "string" ? scrub(value) : value;
      }
      console.log(JSON.stringify(line));
    },
    with: (fields) => createLogger({ ...base, ...fields }),
  };
}
