import { randomUUID } from "node:crypto";
import { type Chaos, seededRandom } from "./chaos.ts";
import { Courier, type CourierContext } from "./courier.ts";
import { EventLog } from "./events.ts";
import { FlowControl, type FlowPin } from "./flow-control.ts";
import { Journal } from "./journal.ts";
import type { DeadLetter, Message } from "./message.ts";
import { type Limits, type PublisherContext, publish, type SeenPublish, type UrlGroup } from "./publisher.ts";
import { type Queue, QueueLanes } from "./queue-lanes.ts";
import { type Schedule, Scheduler } from "./scheduler.ts";
import { Sender } from "./send.ts";

export interface SigningKeys {
  current: string;
  next: string;
}

export interface BrokerOptions {
  keys: SigningKeys;
  stateDir?: string | undefined;
  timeScale: number;
  seed: number;
  concurrency: number;
  limits: Limits;
}

/** Everything behind the HTTP surface. */
export interface Broker extends CourierContext, PublisherContext {
  schedules: Map<string, Schedule>;
  queues: Map<string, Queue>;
  scheduler: Scheduler;
  keys: SigningKeys;
  close(): void;
}

/** Opens the tables of the state folder and goes on delivering what they hold. */
export function openBroker({ keys, stateDir, timeScale, seed, concurrency, limits }: BrokerOptions): Broker {
  const journal = new Journal({ stateDir });
  const chaos: Chaos = {};
  const queues = journal.table<Queue>("queues");
  const schedules = journal.table<Schedule>("schedules");
  const courier = new Courier(() => broker);
  const lanes = new QueueLanes({ queues, start: (message) => courier.start(message) });
  const flowControl = new FlowControl({
    pins: journal.table<FlowPin>("pins"),
    timeScale,
    wake: (message) => courier.line(message),
  });
  const scheduler = new Scheduler({ schedules, timeScale, publish: (request) => publish({ context: broker, request }) });
  const sender = new Sender();
  const broker: Broker = {
    messages: journal.table<Message>("messages"),
    deadLetters: journal.table<DeadLetter>("deadLetters"),
    groups: journal.table<UrlGroup>("groups"),
    seen: journal.table<SeenPublish>("seen"),
    schedules,
    queues,
    events: new EventLog(),
    random: seededRandom(seed),
    chaos,
    keys: { ...keys },
    courier,
    lanes,
    flowControl,
    scheduler,
    sender,
    limits,
    timeScale,
    concurrency,
    close() {
      courier.close();
      scheduler.close();
      flowControl.close();
      sender.close();
      journal.close();
    },
  };
  courier.resume();
  return broker;
}

/** The next key becomes the current one; what was signed with the old current key is refused from then on. */
export function rotateKeys(keys: SigningKeys): SigningKeys {
  keys.current = keys.next;
  keys.next = `sig_${randomUUID().replaceAll("-", "")}`;
  return { ...keys };
}
