import { vi } from "vitest";
import { createLogger, type Logger } from "../../../shared/log/logger.ts";

/** A logger as the Workers use it, and the lines that it has written. */
export function watchLog(): { log: Logger; lines(): Record<string, unknown>[]; text(): string; close(): void } {
  const written = vi.spyOn(console, "log").mockImplementation(() => undefined);
  return {
    log: createLogger({ requestId: "req-1" }),
    lines: () => written.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>),
    text: () => written.mock.calls.map(([line]) => String(line)).join("\n"),
    close: () => written.mockRestore(),
  };
}
