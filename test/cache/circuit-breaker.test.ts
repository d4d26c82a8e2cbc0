import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Breaker, createBreaker } from "../../shared/cache/circuit-breaker.ts";
import { type Cache, createCache } from "../../shared/cache/redis.ts";
import { UnavailableError } from "../../shared/errors/app-error.ts";
import { type RealServer, startRealServer } from "../local/redis/real-server.ts";
import { startRedis } from "../local/redis.ts";

const TOKEN = "breaker-token";
const PATIENT_TIMEOUT_MS = 10_000;
const START = Date.parse("2026-03-10T12:00:00Z");

type RedisStandIn = Awaited<ReturnType<typeof startRedis>>;

class Outage extends Error {}
class Refusal extends Error {}

const isFailure = (error: unknown): boolean => error instanceof Outage;

let realServer: RealServer;
let inMemory: RedisStandIn;
let overRealServer: RedisStandIn;

beforeAll(async () => {
  realServer = await startRealServer();
  inMemory = await startRedis({ token: TOKEN });
  overRealServer = await startRedis({ token: TOKEN, engine: realServer });
});

afterAll(async () => {
  await inMemory?.close();
  await overRealServer?.close();
  await realServer?.close();
});

/** A call that ends when the test says so. */
function pendingCall() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const started = Promise.withResolvers<void>();
  return {
    call: () => {
      started.resolve();
      return promise;
    },
    started: started.promise,
    succeed: () => resolve("late answer"),
    fail: () => reject(new Outage()),
  };
}

const answering = async () => "answer";
const failing = async (): Promise<string> => {
  throw new Outage();
};
const refusing = async (): Promise<string> => {
  throw new Refusal();
};

let accountCount = 0;

describe.each([
  { name: "the in-memory engine", standIn: () => inMemory },
  { name: "a real redis-server", standIn: () => overRealServer },
])("the circuit breaker on $name", ({ standIn }) => {
  let now: number;
  let account: string;
  /** Commands that reached for Redis, from all isolates of the test. */
  let roundTrips: number;

  beforeEach(() => {
    now = START;
    accountCount += 1;
    account = `account-${accountCount}`;
    roundTrips = 0;
  });

  afterEach(() => {
    standIn().faults.length = 0;
  });

  /** A breaker with a cache of its own, as every isolate has. */
  function isolate({ provider = "asaas", of = account }: { provider?: string; of?: string } = {}): Breaker {
    const cache = createCache({ url: standIn().url, token: TOKEN, timeoutMs: PATIENT_TIMEOUT_MS });
    const counted: Cache = {
      ...cache,
      eval(...args) {
        roundTrips += 1;
        return cache.eval(...args);
      },
    };
    return createBreaker({ cache: counted, provider, account: of, now: () => now });
  }

  async function fail(breaker: Breaker, times: number): Promise<void> {
    for (let index = 0; index < times; index += 1) await expect(breaker.run(failing, isFailure)).rejects.toThrow(Outage);
  }

  async function open(): Promise<void> {
    await fail(isolate(), 3);
  }

  async function refusalOf(attempt: Promise<unknown>): Promise<UnavailableError> {
    const error = await attempt.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof UnavailableError)) throw new Error(`Expected UnavailableError, got ${String(error)}`);
    expect(error.errorCode).toBe("CIRCUIT_OPEN");
    return error;
  }

  it("passes on what the call returns and what it throws", async () => {
    expect(await isolate().run(answering, isFailure)).toBe("answer");
    await expect(isolate().run(refusing, isFailure)).rejects.toThrow(Refusal);
    await expect(isolate().run(failing, isFailure)).rejects.toThrow(Outage);
  });

  it("three failures in a row, in whichever isolates, open it for everyone without a call being made", async () => {
    await fail(isolate(), 1);
    await fail(isolate(), 1);
    expect(
      await isolate().run(
        async () => "still closed",
        (error) => isFailure(error),
      ),
    ).toBe("still closed");
    await open();
    let calls = 0;
    const refused = await refusalOf(
      isolate().run(async () => {
        calls += 1;
      }, isFailure),
    );
    expect(calls).toBe(0);
    expect(refused).toMatchObject({ code: "UNAVAILABLE", retryAfterMs: 60_000, retryable: true });
  });

  it("three failures at once open it as well", async () => {
    await Promise.allSettled(Array.from({ length: 3 }, () => isolate().run(failing, isFailure)));
    await refusalOf(isolate().run(answering, isFailure));
  });

  it("an answer between failures starts the count anew, and so does an error that is no outage", async () => {
    for (const call of [answering, refusing]) {
      await fail(isolate(), 2);
      await isolate()
        .run(call, isFailure)
        .catch(() => undefined);
      await fail(isolate(), 2);
      expect(await isolate().run(answering, isFailure)).toBe("answer");
    }
  });

  it("errors that are no outage never open it", async () => {
    for (let index = 0; index < 5; index += 1) await expect(isolate().run(refusing, isFailure)).rejects.toThrow(Refusal);
    expect(await isolate().run(answering, isFailure)).toBe("answer");
  });

  it("accounts and providers do not hear of each other", async () => {
    await open();
    expect(await isolate({ of: `${account}-other` }).run(answering, isFailure)).toBe("answer");
    expect(await isolate({ provider: "whatsapp" }).run(answering, isFailure)).toBe("answer");
  });

  it("it stays open for a minute to the millisecond, then one answer closes it", async () => {
    await open();
    now = START + 59_999;
    expect((await refusalOf(isolate().run(answering, isFailure))).retryAfterMs).toBe(1);
    now = START + 60_000;
    expect(await isolate().run(answering, isFailure)).toBe("answer");
    await fail(isolate(), 2);
    expect(await isolate().run(answering, isFailure)).toBe("answer");
  });

  it("half open it lets three calls probe at a time", async () => {
    await open();
    now = START + 60_000;
    const probes = [pendingCall(), pendingCall(), pendingCall()];
    const runs = probes.map((probe) => isolate().run(probe.call, isFailure));
    await Promise.all(probes.map((probe) => probe.started));
    expect((await refusalOf(isolate().run(answering, isFailure))).retryAfterMs).toBe(1_000);
    for (const probe of probes) probe.succeed();
    expect(await Promise.all(runs)).toEqual(["late answer", "late answer", "late answer"]);
    expect(await isolate().run(answering, isFailure)).toBe("answer");
  });

  it("of a crowd at the end of the minute exactly three get through", async () => {
    await open();
    now = START + 60_000;
    const { promise: end, resolve: finish } = Promise.withResolvers<void>();
    let calls = 0;
    const crowd = Array.from({ length: 30 }, () =>
      isolate().run(async () => {
        calls += 1;
        await end;
      }, isFailure),
    );
    let refused = 0;
    await new Promise<void>((resolve) => {
      for (const run of crowd) {
        run.catch(() => {
          refused += 1;
          if (refused === 27) resolve();
        });
      }
    });
    expect(calls).toBe(3);
    finish();
    expect((await Promise.allSettled(crowd)).filter((run) => run.status === "fulfilled")).toHaveLength(3);
  });

  it("half open one failure opens it again for a minute", async () => {
    await open();
    now = START + 60_000;
    await fail(isolate(), 1);
    now = START + 119_999;
    await refusalOf(isolate().run(answering, isFailure));
    now = START + 120_000;
    expect(await isolate().run(answering, isFailure)).toBe("answer");
  });

  it("half open an error that is no outage closes it, since the provider answered", async () => {
    await open();
    now = START + 60_000;
    await expect(isolate().run(refusing, isFailure)).rejects.toThrow(Refusal);
    await fail(isolate(), 2);
    expect(await isolate().run(answering, isFailure)).toBe("answer");
  });

  it("a probe whose isolate died gives its place away after half a minute", async () => {
    await open();
    now = START + 60_000;
    const lost = [pendingCall(), pendingCall(), pendingCall()];
    for (const probe of lost) void isolate().run(probe.call, isFailure);
    await Promise.all(lost.map((probe) => probe.started));
    await refusalOf(isolate().run(answering, isFailure));
    now += 30_000;
    expect(await isolate().run(answering, isFailure)).toBe("answer");
  });

  it("a call that began before it opened has no say when it ends late", async () => {
    const [slowSuccess, slowFailure] = [pendingCall(), pendingCall()];
    const success = isolate().run(slowSuccess.call, isFailure);
    const failure = isolate().run(slowFailure.call, isFailure);
    await Promise.all([slowSuccess.started, slowFailure.started]);
    await open();
    now = START + 30_000;
    slowFailure.fail();
    await expect(failure).rejects.toThrow(Outage);
    slowSuccess.succeed();
    expect(await success).toBe("late answer");
    expect((await refusalOf(isolate().run(answering, isFailure))).retryAfterMs).toBe(30_000);
  });

  it("a probe that answers after another probe failed does not close it", async () => {
    await open();
    now = START + 60_000;
    const slow = pendingCall();
    const run = isolate().run(slow.call, isFailure);
    await slow.started;
    await fail(isolate(), 1);
    slow.succeed();
    expect(await run).toBe("late answer");
    await refusalOf(isolate().run(answering, isFailure));
  });

  it("costs one round trip when all is well or open, two when something changes", async () => {
    const breaker = isolate();
    const costOf = async (call: () => Promise<string>) => {
      roundTrips = 0;
      await breaker.run(call, isFailure).catch(() => undefined);
      return roundTrips;
    };
    expect(await costOf(answering)).toBe(1);
    expect(await costOf(refusing)).toBe(1);
    expect(await costOf(failing)).toBe(2);
    expect(await costOf(answering)).toBe(2);
    expect(await costOf(answering)).toBe(1);
    await open();
    expect(await costOf(answering)).toBe(1);
  });

  describe("without Redis", () => {
    it("calls go through and their errors stay their own", async () => {
      standIn().faults.push({ kind: "reset-before" });
      const breaker = isolate();
      expect(await breaker.run(answering, isFailure)).toBe("answer");
      await fail(breaker, 5);
      expect(await breaker.run(answering, isFailure)).toBe("answer");
    });

    it("a call is not lost when only the report of it is", async () => {
      const breaker = isolate();
      await fail(breaker, 1);
      standIn().faults.push({ kind: "reset-before", skip: 1 });
      expect(await breaker.run(answering, isFailure)).toBe("answer");
    });

    it("an isolate that saw it open refuses for ten more seconds, others do not", async () => {
      await open();
      const witness = isolate();
      await refusalOf(witness.run(answering, isFailure));
      standIn().faults.push({ kind: "reset-before" });
      now = START + 10_000;
      expect((await refusalOf(witness.run(answering, isFailure))).retryAfterMs).toBe(50_000);
      expect(await isolate().run(answering, isFailure)).toBe("answer");
      now = START + 10_001;
      expect(await witness.run(answering, isFailure)).toBe("answer");
    });

    it("what was seen open is forgotten when its minute is over", async () => {
      const witness = isolate();
      await fail(witness, 3);
      now = START + 55_000;
      await refusalOf(witness.run(answering, isFailure));
      standIn().faults.push({ kind: "reset-before" });
      now = START + 60_000;
      expect(await witness.run(answering, isFailure)).toBe("answer");
    });

    it("something else under its key never stops a call", async () => {
      const cache = createCache({ url: standIn().url, token: TOKEN, timeoutMs: PATIENT_TIMEOUT_MS });
      await cache.set(`breaker:asaas:${account}`, "not a circuit", { ttlSeconds: 60 });
      expect(await isolate().run(answering, isFailure)).toBe("answer");
      await fail(isolate(), 4);
    });
  });
});
