import * as z from "zod";
import type { JobName } from "../../shared/jobs/catalog.ts";

/** A verified delivery. It has this shape in memory and, when the database is down, in the message that carries it to later. */
export const incomingEvent = z.object({
  provider: z.enum(["asaas", "clerk", "github"]),
  accountRef: z.string().min(1).max(100),
  eventId: z.string().min(1).max(200),
  eventType: z.string().max(100),
  /** The body as received, in base64. */
  raw: z.base64(),
  /** Keyed digest of the token that came with it, in base64, for the database to compare; absent where the signature was verified. */
  tokenDigest: z.base64().optional(),
  requestId: z.string().min(1).max(64),
});
export type IncomingEvent = z.output<typeof incomingEvent>;
export type Provider = IncomingEvent["provider"];

const JOB_OF: Record<Provider, JobName> = {
  asaas: "finance.process-asaas-event",
  clerk: "accounts.process-clerk-event",
  github: "ingestion.process-github-event",
};

/** @returns the job that an event of this provider stages. */
export function jobOf(provider: Provider): JobName {
  return JOB_OF[provider];
}
