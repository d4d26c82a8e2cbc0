const STAR = "*";
const STARS = "**";

/**
 * What a glob matches: all of a text that is divided into segments. `*` is any part of one segment, `?` one character (UTF-16 unit) of
 * it, `**` as a segment of its own any number of segments, none included; so `a/**` matches `a` as well. Nothing else is special, and
 * upper and lower case differ.
 *
 * The time is at most the length of the glob times the length of the text, whatever is in them.
 *
 * @param separator between segments: `/` of paths, `.` of names.
 */
export function compileGlob({ glob, separator = "/" }: { glob: string; separator?: string }): (text: string) => boolean {
  const pattern = glob.split(separator);
  if (!/[*?]/.test(glob)) return (text) => text === glob;
  return (text) => {
    const segments = text.split(separator);
    return matches({
      patternLength: pattern.length,
      length: segments.length,
      isStar: (at) => pattern[at] === STARS,
      fits: (at, position) => segmentMatches(pattern[at] ?? "", segments[position] ?? ""),
    });
  };
}

function segmentMatches(pattern: string, segment: string): boolean {
  return matches({
    patternLength: pattern.length,
    length: segment.length,
    isStar: (at) => pattern[at] === STAR,
    fits: (at, position) => pattern[at] === "?" || pattern[at] === segment[position],
  });
}

/** Only the last star is ever taken up again: what matched before it needs no other try, since a star takes anything. */
function matches({
  patternLength,
  length,
  isStar,
  fits,
}: {
  patternLength: number;
  length: number;
  isStar(at: number): boolean;
  fits(at: number, position: number): boolean;
}): boolean {
  let at = 0;
  let position = 0;
  let star = -1;
  let starPosition = 0;
  while (position < length) {
    if (at < patternLength && isStar(at)) {
      star = at;
      starPosition = position;
      at += 1;
    } else if (at < patternLength && fits(at, position)) {
      at += 1;
      position += 1;
    } else if (star !== -1) {
      starPosition += 1;
      position = starPosition;
      at = star + 1;
    } else return false;
  }
  while (at < patternLength && isStar(at)) at += 1;
  return at === patternLength;
}
