import * as z from "zod";

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/**
 * An entry as it is exported, with everything that its hash covers. Strict: what a hash does not cover has no place beside it.
 * The order of the keys is that of the file.
 */
export const ledgerRecord = z.strictObject({
  mentoradoId: z.uuid(),
  seq: z.int(),
  id: z.uuid(),
  kind: z.string(),
  chargeId: z.uuid(),
  movement: z.string(),
  source: z.string(),
  occurredAt: instant,
  recordedAt: instant,
  /** By account; debit positive, credit negative. */
  lines: z.array(z.strictObject({ account: z.string(), amountCents: z.int(), currency: z.string() })),
  previousHash: hash,
  hash,
});
export type LedgerRecord = z.output<typeof ledgerRecord>;

/** The end of a mentorado's chain: how many entries it has, and the hash of the last one. */
export const ledgerHead = z.strictObject({ mentoradoId: z.uuid(), seq: z.int().min(0), hash });
export type LedgerHead = z.output<typeof ledgerHead>;

/** What the first entry carries as the hash before it. */
export const GENESIS_HASH = "0".repeat(64);

/** What is hashed of an entry after the bytes of the hash before it, as UTF-8. The same as `guilda.ledger_text`. */
export function entryText(entry: LedgerRecord): string {
  const { mentoradoId, seq, id, kind, chargeId, movement, source, occurredAt, recordedAt, lines } = entry;
  return ["v1", mentoradoId, seq, id, kind, chargeId, movement, source, occurredAt, recordedAt, ...lines.map(lineText)].join(
    "\n",
  );
}

function lineText({ account, amountCents, currency }: LedgerRecord["lines"][number]): string {
  return `${account} ${amountCents} ${currency}`;
}
