import * as z from "zod";

/** How often a job is tried and how long it waits between two tries: `minMs × factor^(attempt - 1)`, at most `maxMs`. */
export interface RetryPolicy {
  attempts: number;
  minMs: number;
  maxMs: number;
  factor: number;
}

const DEFAULT_RETRY: RetryPolicy = { attempts: 3, minMs: 1_000, maxMs: 30_000, factor: 2 };
const PATIENT_RETRY: RetryPolicy = { attempts: 12, minMs: 1_000, maxMs: 600_000, factor: 2.5 };

export type WorkerGroup = "accounts" | "crm" | "finance" | "webhooks" | "scheduler";

interface JobDefinition<Payload extends z.ZodType> {
  /** The Worker that does it, at `/jobs/<group>/<job>`. */
  group: WorkerGroup;
  /** Whether it acts inside one mentorado or for the programme. */
  scope: "mentorado" | "programme";
  /** Ids only: the facts are read again when the work is done. */
  payload: Payload;
  retry: RetryPolicy;
  /** How long one attempt may take; its lease is longer. */
  timeoutMs: number;
}

function define<
  const Definition extends Omit<JobDefinition<z.ZodType>, "retry" | "timeoutMs"> & { retry?: RetryPolicy; timeoutMs?: number },
>(definition: Definition): { retry: RetryPolicy; timeoutMs: number } & Definition {
  return { retry: DEFAULT_RETRY, timeoutMs: 25_000, ...definition };
}

const slot = z.object({ slot: z.iso.datetime() });

/** Every job of the platform. A Worker stages any of them; the one named by `group` does it. */
export const JOBS = {
  "accounts.process-clerk-event": define({
    group: "accounts",
    scope: "programme",
    payload: z.object({ eventId: z.uuid() }),
    retry: PATIENT_RETRY,
  }),
  "accounts.invalidate-session": define({
    group: "accounts",
    scope: "programme",
    payload: z.object({ userId: z.uuid() }),
    retry: PATIENT_RETRY,
  }),
  "finance.create-charge": define({
    group: "finance",
    scope: "mentorado",
    payload: z.object({ installmentId: z.uuid() }),
    retry: PATIENT_RETRY,
  }),
  "finance.process-asaas-event": define({
    group: "finance",
    scope: "mentorado",
    payload: z.object({ eventId: z.uuid() }),
    retry: PATIENT_RETRY,
  }),
  "finance.remind-due-charges": define({ group: "finance", scope: "mentorado", payload: slot }),
} as const satisfies Record<string, JobDefinition<z.ZodType>>;

export type JobName = keyof typeof JOBS;
/** The jobs that one Worker does, in one scope. */
export type JobNameOf<
  Group extends WorkerGroup,
  Scope extends JobDefinition<z.ZodType>["scope"] = JobDefinition<z.ZodType>["scope"],
> = {
  [Name in JobName]: (typeof JOBS)[Name] extends { group: Group; scope: Scope } ? Name : never;
}[JobName];
export type PayloadOf<Name extends JobName> = z.output<(typeof JOBS)[Name]["payload"]>;

/** A lease outlives the attempt that it covers, so that a second attempt never runs beside a first that is still within its time. */
export const LEASE_MARGIN_MS = 30_000;

/** @returns the path of a job's endpoint, below `PUBLIC_URL`. */
export function jobPath(name: string): string {
  return `/jobs/${name.replace(".", "/")}`;
}

/** @returns milliseconds to wait after the given attempt (from 1). */
export function retryDelayMs({ minMs, maxMs, factor }: RetryPolicy, attempt: number): number {
  return Math.min(maxMs, Math.round(minMs * factor ** (attempt - 1)));
}

export function isJobName(name: string): name is JobName {
  return Object.hasOwn(JOBS, name);
}
