export const MAX_NAME = 80;
export const MAX_DESCRIPTION = 400;

/** Letters of the language that was asked for, figures, and what sentences are made of; nothing that HTML, Markdown or a mention begins with. */
const PLAIN = /^\p{Script=Latin}[\p{Script=Latin}0-9 .,;:'’"“”()/+=&%?!–—$_-]*$/u;
/** Joins a name from inside; anywhere else it is markup. */
const LOOSE_UNDERSCORE = /(?<![\p{L}\d])_|_(?![\p{L}\d])/u;
const ADDRESS = /:\/\/|\bwww\.|\b(?:javascript|data|mailto|file|https?)\s*:/i;
/** Speaks to whoever reads it, and not of code. */
const INSTRUCTION =
  /\b(?:ignore|disregard|forget|override|bypass|obey)\b|\b(?:previous|prior|above|system)\s+(?:instruction|prompt|message|rule)|\b(?:system|assistant|human|user|developer)\s*:|\bprompts?\b|\bas an ai\b|\b(?:curl|wget|sudo|chmod|powershell)\b|\brm -/i;

/**
 * Whether the words of a model may stand where people and agents read them. They may not say a figure that our own sentence does not:
 * figures change with every scan.
 *
 * @param counted what the convention is called by rule.
 */
export function isFit({
  name,
  description,
  counted,
}: {
  name: string;
  description: string;
  counted: { name: string; description: string };
}): boolean {
  const known = new Set(figuresIn(`${counted.name} ${counted.description}`));
  return (
    name.length <= MAX_NAME &&
    description.length <= MAX_DESCRIPTION &&
    [name, description].every(
      (text) => isPlain(text) && !INSTRUCTION.test(text) && figuresIn(text).every((figure) => known.has(figure)),
    )
  );
}

function isPlain(text: string): boolean {
  return PLAIN.test(text) && text === text.trim() && !LOOSE_UNDERSCORE.test(text) && !ADDRESS.test(text);
}

function figuresIn(text: string): string[] {
  return text.match(/\d+/g) ?? [];
}
