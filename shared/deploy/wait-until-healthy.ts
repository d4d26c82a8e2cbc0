const ANSWER_TIMEOUT_MS = 5_000;

/**
 * Asks the edge until every part of the platform answers.
 *
 * @throws Error that says what was down when the time was over.
 */
export async function waitUntilHealthy({
  publicUrl,
  timeoutMs = 60_000,
  intervalMs = 2_000,
}: {
  publicUrl: string;
  timeoutMs?: number;
  intervalMs?: number;
}): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const problem = await ask(publicUrl);
    if (problem === undefined) return;
    if (Date.now() + intervalMs > deadline) throw new Error(`${publicUrl}/health/ready: ${problem}`);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

async function ask(publicUrl: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${publicUrl}/health/ready`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    const text = await response.text();
    return response.ok ? undefined : `answered ${response.status} ${text.slice(0, 500)}`;
  } catch (error) {
    return `did not answer (${error instanceof Error ? error.message : String(error)})`;
  }
}
