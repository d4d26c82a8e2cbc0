/** The decisions that show in the path of a file alone: what is seen of them is the file, none of its lines. */
const PATH_SLOTS = new Set(
  "file-case extension test-mark test-place folder-case folder-index pair suffix-in extension-in".split(" "),
);

/** @param slot with or without its subject after a colon. */
export function isPathSlot(slot: string): boolean {
  const colon = slot.indexOf(":");
  return PATH_SLOTS.has(colon === -1 ? slot : slot.slice(0, colon));
}
