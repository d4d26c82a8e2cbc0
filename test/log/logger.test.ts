import { afterEach, beforeEach, expect, type MockInstance, test, vi } from "vitest";
import { createLogger } from "../../shared/log/logger.ts";

let written: MockInstance<typeof console.log>;
beforeEach(() => {
  written = vi.spyOn(console, "log").mockImplementation(() => undefined);
});
afterEach(() => written.mockRestore());

const lines = () => written.mock.calls.map((call) => call.map((text) => JSON.parse(String(text)) as Record<string, unknown>));

test("an event is one line of JSON with its time, its level and its fields", () => {
  createLogger({ worker: "crm" }).write("warn", "job.answered", { attempt: 2, outcome: "retry" });
  expect(lines()).toEqual([
    [
      {
        ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        level: "warn",
        event: "job.answered",
        worker: "crm",
        attempt: 2,
        outcome: "retry",
      },
    ],
  ]);
  expect(written.mock.calls[0]?.[0]).not.toContain("\n");
});

test("a line break in a value does not break the line", () => {
  createLogger().write("error", "request.failed", { error: 'one\ntwo\r\n{"level":"info"}\u2028' });
  expect(written).toHaveBeenCalledOnce();
  expect(String(written.mock.calls[0]?.[0])).not.toMatch(/[\n\r]/);
});

test("fields that are added stay for every later line, and do not reach the logger they came from", () => {
  const worker = createLogger({ worker: "crm" });
  const request = worker.with({ requestId: "request-0001" }).with({ actorRole: "owner" });
  request.write("info", "a");
  worker.write("info", "b");
  expect(lines().flat()).toMatchObject([{ worker: "crm", requestId: "request-0001", actorRole: "owner" }, { worker: "crm" }]);
  expect(lines().flat()[1]).not.toHaveProperty("requestId");
});

test("every text is scrubbed, also one that was added before; numbers stay numbers", () => {
  const log = createLogger({ operation: "ana@example.com" }).with({ externalId: "52998224725" });
  log.write("info", "a", {
    error: "tel (41) 98888-7777",
    durationMs: 41_988_887_777,
    mentoradoId: "01234567-1234-7123-8123-123456789012",
  });
  expect(lines().flat()).toMatchObject([
    {
      operation: "[email]",
      externalId: "[number]",
      error: "tel [number]",
      durationMs: 41_988_887_777,
      mentoradoId: "01234567-1234-7123-8123-123456789012",
    },
  ]);
});
