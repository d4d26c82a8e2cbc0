import * as z from "zod";

/** The input of every list. Ids are UUIDv7, so their order is the order of creation and the last id is the cursor. */
export const pageInput = z.object({
  limit: z.int().min(1).max(100).default(20),
  cursor: z.uuid().optional(),
});

/**
 * @param rows read with `limit + 1`, so that one too many says there is more.
 * @returns the page; `nextCursor` is null on the last one.
 */
export function toPage<Row extends { id: string }>(rows: Row[], limit: number): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}
