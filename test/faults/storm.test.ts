import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ground, openGround } from "../bench/open-ground.ts";
import { countStorm, expectedBooks, playStorm, readBooks } from "../bench/storm.ts";

/** About 40 s on two cores; `npm run bench -- storm` sends 10,000. */
const EVENTS = 1_500;
const REPLAYS = 1_000;
const SEED = 20_261_121;
const TIMEOUT_MS = 180_000;

let ground: Ground;

beforeAll(async () => {
  ground = await openGround();
}, TIMEOUT_MS);
afterAll(() => ground?.close(), TIMEOUT_MS);

test(
  `${EVENTS} Asaas events, 30 % twice and shuffled, workerd killed three times, then replayed: the ledger is what the events say, nothing lost or doubled`,
  async () => {
    const storm = await playStorm({ ground, events: EVENTS, replays: REPLAYS, seed: SEED });
    expect(storm.kills).toBe(3);
    expect(storm.replayed).toBeGreaterThanOrEqual(REPLAYS);
    expect(storm.retried).toBeGreaterThan(0);
    expect(storm.accepted).toBeGreaterThan(EVENTS * 1.2);
    expect(await readBooks(ground, storm.events)).toEqual(expectedBooks(storm.events));
    expect(await countStorm(ground, storm.events)).toEqual({
      stored: EVENTS,
      storedOnce: EVENTS,
      applied: EVENTS,
      appliedOnce: EVENTS,
      deadJobs: 0,
      unfinishedJobs: 0,
      unbalanced: 0,
    });
  },
  TIMEOUT_MS,
);
