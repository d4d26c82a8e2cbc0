const OWNER = "[a-z\\d](?:[a-z\\d]|[-_](?=[a-z\\d])){0,38}";
const NAME = "[\\w.-]{1,100}";
const FULL_NAME = new RegExp(`^${OWNER}/${NAME}$`, "i");
const PREFIX = /^https:\/\/github\.com\//i;

/**
 * Reads `owner/name` by GitHub's own rules.
 *
 * @returns the name as it was written, without `.git` at its end; undefined when it cannot be one.
 */
export function parseRepositoryName(text: string): string | undefined {
  const plain = text.replace(/\.git$/i, "");
  const name = plain.slice(plain.indexOf("/") + 1);
  return FULL_NAME.test(plain) && name !== "." && name !== ".." ? plain : undefined;
}

/**
 * Reads the address of a repository: `https://github.com/owner/name`, with or without `.git` or a slash at its end. Anything else is none:
 * another host, a user or port before it, a page within the repository, a query.
 *
 * @returns `owner/name`, or undefined.
 */
export function parseRepositoryUrl(text: string): string | undefined {
  return PREFIX.test(text) ? parseRepositoryName(text.replace(PREFIX, "").replace(/\/$/, "")) : undefined;
}
