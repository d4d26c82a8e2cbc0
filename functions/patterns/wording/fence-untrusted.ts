/** Control, format (which includes all that turns the direction of writing), surrogate and private characters, and ends of lines. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]+/gu;

/** A text of a repository as a model may see it: on one line, without characters that people do not see, cut to `max` characters. */
export function cleanText(text: string, max: number): string {
  const clean = text.toWellFormed().replaceAll(UNSEEN, " ").trim();
  const characters = Array.from(clean);
  return characters.length > max ? `${characters.slice(0, max - 1).join("")}…` : clean;
}

/**
 * Data of a repository between two marks. No text within can end them: it does not know the boundary, and has no `<` to begin a mark with.
 *
 * @param boundary random, of this request alone.
 */
export function fenceUntrusted({ data, boundary }: { data: unknown; boundary: string }): string {
  const text = JSON.stringify(data, null, 1).replaceAll("<", "\\u003c").replaceAll(">", "\\u003e");
  return `<untrusted-${boundary}>\n${text}\n</untrusted-${boundary}>`;
}
