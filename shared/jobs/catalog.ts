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

export type WorkerGroup = "accounts" | "crm" | "finance" | "ingestion" | "patterns" | "webhooks" | "scheduler";

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

/** What a person decided on a charge: no fact that could be read again. */
const chargeOperation = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("cancel") }),
  /** Without an amount, all that is left. */
  z.object({ kind: z.literal("refund"), amountCents: z.int().positive().optional() }),
  /** Without an amount, that of the charge. */
  z.object({ kind: z.literal("receive_in_cash"), paymentDate: z.iso.date(), amountCents: z.int().positive().optional() }),
  z.object({ kind: z.literal("undo_receive_in_cash") }),
]);
/** A run of reconciliation: begun by a schedule, or else; then each job hands over to the next where it stopped. */
const reconciliation = z.object({
  slot: z.iso.datetime().optional(),
  /** Events may have been lost, of payments of any due date. */
  isGap: z.boolean().optional(),
  position: z
    .object({
      /** The local date on which the run began. */
      begunOn: z.iso.date(),
      /** Due dates that are compared now, and the last ones of the run. */
      from: z.iso.date(),
      until: z.iso.date(),
      /** In the provider's list of these due dates; null when it has been walked through. */
      offset: z.int().nonnegative().nullable(),
      /** Charges of these due dates that the list has not shown yet. */
      unseen: z.array(z.uuid()),
    })
    .optional(),
});

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
    payload: z.union([z.object({ installmentId: z.uuid() }), z.object({ chargeId: z.uuid() })]),
    retry: PATIENT_RETRY,
  }),
  "finance.operate-charge": define({
    group: "finance",
    scope: "mentorado",
    payload: z.object({ chargeId: z.uuid(), operation: chargeOperation }),
    retry: PATIENT_RETRY,
  }),
  "finance.refresh-charge": define({
    group: "finance",
    scope: "mentorado",
    payload: z.object({ chargeId: z.uuid() }),
    retry: PATIENT_RETRY,
  }),
  "finance.bill-enrollment": define({ group: "finance", scope: "mentorado", payload: z.object({ enrollmentId: z.uuid() }) }),
  "finance.bill-due-installments": define({ group: "finance", scope: "mentorado", payload: slot }),
  "finance.create-subscription": define({
    group: "finance",
    scope: "mentorado",
    payload: z.object({ subscriptionId: z.uuid() }),
    retry: PATIENT_RETRY,
  }),
  "finance.cancel-subscription": define({
    group: "finance",
    scope: "mentorado",
    payload: z.object({ subscriptionId: z.uuid() }),
    retry: PATIENT_RETRY,
  }),
  "finance.process-asaas-event": define({
    group: "finance",
    scope: "mentorado",
    payload: z.object({ eventId: z.uuid() }),
    retry: PATIENT_RETRY,
  }),
  "finance.adopt-payment": define({
    group: "finance",
    scope: "mentorado",
    payload: z.object({ conflictId: z.uuid() }),
    retry: PATIENT_RETRY,
  }),
  "finance.reconcile-recent": define({ group: "finance", scope: "mentorado", payload: reconciliation }),
  "finance.reconcile-full": define({ group: "finance", scope: "mentorado", payload: reconciliation, retry: PATIENT_RETRY }),
  "finance.register-webhook": define({ group: "finance", scope: "mentorado", payload: z.object({}), retry: PATIENT_RETRY }),
  "finance.remove-webhook": define({ group: "finance", scope: "mentorado", payload: z.object({}), retry: PATIENT_RETRY }),
  "finance.check-webhooks": define({ group: "finance", scope: "mentorado", payload: slot }),
  "finance.remind-due-charges": define({ group: "finance", scope: "mentorado", payload: slot }),
  "ingestion.process-github-event": define({
    group: "ingestion",
    scope: "programme",
    payload: z.object({ eventId: z.uuid() }),
    retry: PATIENT_RETRY,
  }),
  "ingestion.scan-repo": define({
    group: "ingestion",
    scope: "mentorado",
    payload: z.object({ repoId: z.uuid() }),
    timeoutMs: 60_000,
  }),
  "ingestion.scan-shard": define({
    group: "ingestion",
    scope: "mentorado",
    payload: z.object({
      scanId: z.uuid(),
      shard: z.int().min(0).max(15),
      /** The archive has been read to its end: what is missing is asked for file by file. */
      isArchiveRead: z.boolean().optional(),
    }),
    retry: PATIENT_RETRY,
    timeoutMs: 180_000,
  }),
  "ingestion.finish-scan": define({
    group: "ingestion",
    scope: "mentorado",
    payload: z.object({ scanId: z.uuid() }),
    retry: PATIENT_RETRY,
    timeoutMs: 120_000,
  }),
  "ingestion.check-heads": define({
    group: "ingestion",
    scope: "mentorado",
    /** Begun by a schedule, then handed over to the next job after the last repository that was looked at. */
    payload: z.object({ slot: z.iso.datetime(), after: z.uuid().optional() }),
    timeoutMs: 120_000,
  }),
  "ingestion.redeliver-missed": define({ group: "ingestion", scope: "programme", payload: slot, timeoutMs: 120_000 }),
  "ingestion.check-pull-request": define({
    group: "ingestion",
    scope: "mentorado",
    payload: z.object({
      pullRequestId: z.uuid(),
      /** Also when its head has been checked. */
      isAgain: z.boolean().optional(),
    }),
    retry: PATIENT_RETRY,
    timeoutMs: 120_000,
  }),
  "ingestion.report-pull-check": define({
    group: "ingestion",
    scope: "mentorado",
    payload: z.object({ pullCheckId: z.uuid() }),
    retry: PATIENT_RETRY,
    timeoutMs: 120_000,
  }),
  "patterns.adopt-scan": define({
    group: "patterns",
    scope: "mentorado",
    payload: z.object({ scanId: z.uuid() }),
    retry: PATIENT_RETRY,
  }),
  "patterns.measure-repo": define({
    group: "patterns",
    scope: "mentorado",
    payload: z.object({ repoId: z.uuid() }),
    timeoutMs: 60_000,
  }),
  "patterns.word-candidates": define({
    group: "patterns",
    scope: "mentorado",
    payload: z.object({ repoId: z.uuid() }),
    retry: { attempts: 5, minMs: 10_000, maxMs: 600_000, factor: 4 },
    timeoutMs: 180_000,
  }),
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
