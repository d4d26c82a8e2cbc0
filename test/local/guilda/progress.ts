const EVERY_FILES = 250;
const CLEAR_LINE = "\r\u001b[K";

/** Says on a terminal how many files were read. */
export function showProgress(files: number): void {
  if (process.stderr.isTTY && files % EVERY_FILES === 0) process.stderr.write(`${CLEAR_LINE}${files} files read`);
}

export function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE);
}
