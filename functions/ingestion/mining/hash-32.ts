const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** FNV-1a over the UTF-16 code units of a text, to begin a hash or go on with one. Not for anything an adversary may gain from. */
export function hashText(text: string, seed = OFFSET): number {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  return hash >>> 0;
}

/** Goes on with a hash by whole numbers, and mixes it so that all bits depend on all of them. */
export function hashNumbers(seed: number, first: number, second: number): number {
  let hash = Math.imul(Math.imul(seed ^ first, PRIME) ^ second, PRIME);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
