const DEADLINE_MS = 60_000;
const POLL_INTERVAL_MS = 50;

export type Say = (line: string) => void;

/** Runs one step of the story and says what came of it and how long it took. */
export async function step<Value>(say: Say, title: string, run: () => Promise<{ value: Value; text: string }>): Promise<Value> {
  const startedAt = performance.now();
  const { value, text } = await run();
  say(`  ${title}\n     → ${text}  [${Math.round(performance.now() - startedAt)} ms]`);
  return value;
}

/** Looks again and again until there is something to see. */
export async function until<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> {
  for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline; ) {
    const value = await look();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
  throw new Error(`It did not come true within ${DEADLINE_MS / 1_000} s that ${what}`);
}
