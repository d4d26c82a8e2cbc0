import type { Message } from "../../local/qstash/message.ts";
import { asSystem, type Flow, type Play, type Sender } from "./flows.ts";
import { FLAWLESS, type History, invoke, judge, ownJobs, sum, type Verdict } from "./history.ts";
import { type Injector, type Mishap, newTimeline, type Step, type Target, type Timeline, type WaitUntil } from "./injector.ts";
import type { World } from "./world.ts";

/** Each attempt and each round gets further unless it is struck, and a scenario strikes twice at most. */
const MAX_ATTEMPTS = 8;
const MAX_ROUNDS = 12;

export interface Scenario {
  flow: Flow;
  mishaps?: readonly Mishap[];
  /** Each delivery comes twice at the same time. */
  isDoubled?: boolean;
  /** Refuses everything until those who ask from outside have been answered. */
  down?: Target;
}

export interface Outcome {
  steps: readonly Step[];
  struck: number;
  verdict: Verdict;
}

interface Run {
  scenario: Scenario;
  world: World;
  injector: Injector;
  timeline: Timeline;
  history: History;
  play: Play;
  /** Accepted by QStash and not yet answered as it must be. */
  mail: Message[];
  at: Date;
}

/**
 * Plays one scenario to its end: the senders ask until they are told, QStash delivers until it is told, the sweeper rings for the rest;
 * what was under way when its sender died arrives last of all. Then the history is judged.
 *
 * @param at the time of all ticks, so that midnight and nine o'clock never fall into a scenario.
 */
export async function playScenario({
  scenario,
  world,
  injector,
  at,
}: {
  scenario: Scenario;
  world: World;
  injector: Injector;
  at: Date;
}): Promise<Outcome> {
  const play = await scenario.flow(world, at);
  const timeline = newTimeline(scenario.mishaps);
  const history: History = { attempts: [] };
  const run: Run = { scenario, world, injector, timeline, history, play, mail: [], at };
  if (scenario.down !== undefined) timeline.down.add(scenario.down);
  for (const sender of play.senders) await insist(run, sender);
  timeline.down.clear();
  await settle(run);
  for (const arrive of timeline.late.splice(0)) await arrive();
  await settle(run);
  const verdict = await judge({ history, scene: play, database: world.platform.database, asaas: world.asaas });
  await world.platform.database.query(asSystem(`update mentorados set status = 'closed' where id = '${play.mentoradoId}'`));
  return { steps: timeline.steps, struck: timeline.struck.length, verdict };
}

/** Asks until told that it is done, as providers, browsers and clocks do. */
async function insist(run: Run, sender: Sender): Promise<void> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) if (await ask(run, sender)) return;
}

/** @returns whether all that came at once were told so. */
async function ask({ scenario, injector, timeline, history }: Run, { operation, key, send }: Sender): Promise<boolean> {
  const copies = Array.from({ length: scenario.isDoubled ? 2 : 1 }, async () => {
    const tell = invoke(history, operation, key);
    const isTold = (await injector.run(timeline, (waitUntil) => send(waitUntil).catch(() => false))) === true;
    tell(isTold ? "ok" : "info");
    return isTold;
  });
  return (await Promise.all(copies)).every(Boolean);
}

async function settle(run: Run): Promise<void> {
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const { unfinished } = await collectMail(run);
    if (run.mail.length === 0 && unfinished === 0) return;
    if (run.mail.length === 0 || round > 1) {
      await travel(run);
      await ask(run, { operation: "sweep", key: "sweep", send: () => run.world.tick(run.at) });
      await collectMail(run);
    }
    await deliverMail(run);
  }
}

/** Every message is delivered once; what was not done stays for the next round. */
async function deliverMail(run: Run): Promise<void> {
  for (const message of run.mail.splice(0)) {
    const send = (waitUntil: WaitUntil) => run.world.deliver(message, waitUntil);
    if (!(await ask(run, { operation: "job", key: message.messageId, send }))) run.mail.push(message);
  }
}

async function collectMail({ world, play, mail }: Run): Promise<{ unfinished: number }> {
  const jobs = await world.platform.database.query<{ id: string; is_unfinished: boolean }>(
    `select id, status in ('pending', 'running') as is_unfinished from jobs where ${ownJobs(play)}`,
  );
  mail.push(...world.takeMail([...play.senders.map(({ key }) => key), ...jobs.map(({ id }) => id)]));
  return { unfinished: jobs.filter(({ is_unfinished }) => is_unfinished).length };
}

/** Instead of waiting for leases, back-offs, the sweeper's patience and the settling of effects: the rows grow an hour older. */
async function travel({ world, play }: Run): Promise<void> {
  const { mentoradoId } = play;
  await world.platform.database.query(
    asSystem(`
      update jobs set run_at = run_at - interval '1 hour', rung_at = rung_at - interval '1 hour', lease_until = lease_until - interval '1 hour'
       where ${ownJobs(play)} and status in ('pending', 'running');
      update effects set updated_at = updated_at - interval '1 hour' where mentorado_id = '${mentoradoId}' and state <> 'confirmed'`),
  );
}

export interface Report {
  scenarios: number;
  /** Mishaps that were to happen. */
  planned: number;
  /** Mishaps that happened. */
  struck: number;
  verdict: Verdict;
  /** The scenarios that did not end well, to be read by people. */
  flawed: string[];
}

/** Plays scenarios, several at a time. */
export async function playAll({
  scenarios,
  lanes,
  ...stage
}: {
  scenarios: readonly Scenario[];
  /** How many at a time. */
  lanes: number;
  world: World;
  injector: Injector;
  at: Date;
}): Promise<{ report: Report; outcomes: Outcome[] }> {
  const outcomes: Outcome[] = [];
  const report: Report = { scenarios: scenarios.length, planned: 0, struck: 0, verdict: FLAWLESS, flawed: [] };
  const queue = scenarios.entries();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const [index, scenario] of queue) {
        const outcome = await playScenario({ scenario, ...stage });
        outcomes[index] = outcome;
        report.planned += scenario.mishaps?.length ?? 0;
        report.struck += outcome.struck;
        report.verdict = sum(report.verdict, outcome.verdict);
        if (Object.values(outcome.verdict).some((count) => count !== 0)) report.flawed.push(describe(scenario, outcome));
      }
    }),
  );
  return { report, outcomes };
}

function describe({ mishaps = [], isDoubled = false, down }: Scenario, { verdict, steps }: Outcome): string {
  const what = mishaps.map(({ kind, step }) => `${kind} ${step} (${steps[step - 1]?.target})`).join(", ");
  return `${what} doubled=${isDoubled} down=${down ?? "nobody"}: ${JSON.stringify(verdict)}`;
}
