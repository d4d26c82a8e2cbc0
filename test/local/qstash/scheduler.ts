import { Alarms } from "./alarms.ts";
import { nextFire, parseCron } from "./cron.ts";
import type { PublishRequest } from "./publisher.ts";
import { Refusal } from "./refusal.ts";
import type { Settings } from "./settings.ts";

export interface Schedule {
  scheduleId: string;
  cron: string;
  destination: string;
  settings: Settings;
  bodyBase64: string;
  queueName?: string | undefined;
  createdAt: number;
  isPaused: boolean;
  lastScheduleTime?: number | undefined;
}

/**
 * Publishes schedules when they are due, by a clock of its own that starts at the present and runs `timeScale` times as fast.
 * Ticks missed while paused or while the process was down are not made up for.
 */
export class Scheduler {
  readonly #alarms = new Alarms();
  readonly #schedules: Map<string, Schedule>;
  readonly #timeScale: number;
  readonly #publish: (request: PublishRequest) => void;
  readonly #startedAt = Date.now();

  constructor({
    schedules,
    timeScale,
    publish,
  }: {
    schedules: Map<string, Schedule>;
    timeScale: number;
    publish: (request: PublishRequest) => void;
  }) {
    this.#schedules = schedules;
    this.#timeScale = timeScale;
    this.#publish = publish;
    for (const schedule of schedules.values()) this.#arm(schedule, this.#now());
  }

  /** Creates a schedule, or replaces the one of the same id. */
  save(schedule: Schedule): void {
    this.#schedules.set(schedule.scheduleId, schedule);
    this.#arm(schedule, this.#now());
  }

  delete(scheduleId: string): boolean {
    this.#alarms.cancel(scheduleId);
    return this.#schedules.delete(scheduleId);
  }

  /** @returns epoch milliseconds of the next tick. */
  nextScheduleTime(schedule: Schedule): number | undefined {
    const slot = nextFire({ cron: parseCron(schedule.cron), afterMs: this.#now() });
    return slot === undefined ? undefined : Math.round(this.#startedAt + (slot - this.#startedAt) / this.#timeScale);
  }

  close(): void {
    this.#alarms.clear();
  }

  #now(): number {
    return this.#startedAt + (Date.now() - this.#startedAt) * this.#timeScale;
  }

  #arm({ scheduleId, cron }: Schedule, afterMs: number): void {
    const slot = nextFire({ cron: parseCron(cron), afterMs });
    if (slot === undefined) return;
    this.#alarms.set({
      id: scheduleId,
      delayMs: (slot - this.#now()) / this.#timeScale,
      ring: () => this.#tick(scheduleId, slot),
    });
  }

  #tick(scheduleId: string, slot: number): void {
    const schedule = this.#schedules.get(scheduleId);
    if (schedule === undefined) return;
    if (!schedule.isPaused) this.#fire(schedule);
    // A timer may ring a moment early: the slot that was just served is never served again.
    this.#arm(schedule, Math.max(slot, this.#now()));
  }

  #fire(schedule: Schedule): void {
    const { scheduleId, destination, settings, bodyBase64, queueName } = schedule;
    schedule.lastScheduleTime = Date.now();
    this.#schedules.set(scheduleId, schedule);
    try {
      this.#publish({ destination, settings, body: Buffer.from(bodyBase64, "base64"), queueName, scheduleId });
    } catch (error) {
      // The URL group it was made for may be gone: then there is nobody to publish to, nor anyone to tell.
      if (!(error instanceof Refusal)) throw error;
    }
  }
}
