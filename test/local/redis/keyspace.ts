import { CommandError } from "./engine.ts";

/** What a key can hold, by the name that TYPE answers. Strings in it are binary: one character is one byte. */
export interface Values {
  string: string;
  hash: Map<string, string>;
  list: string[];
  set: Set<string>;
  zset: Map<string, number>;
}

export type ValueType = keyof Values;

interface Entry {
  type: ValueType;
  value: Values[ValueType];
  /** Unix milliseconds; absent when the key never expires. */
  expiresAt: number | undefined;
  /** Grows with every new key: a SCAN cursor is the sequence to go on from, so keys that stay are never missed. */
  sequence: number;
}

const EMPTY: { [T in Exclude<ValueType, "string">]: () => Values[T] } = {
  hash: () => new Map(),
  list: () => [],
  set: () => new Set(),
  zset: () => new Map(),
};

/** The keys of the in-memory engine. Expired keys are gone for every reader, whether or not they were swept yet. */
export class Keyspace {
  /** Unix milliseconds; stands still during one command, as it does in Redis. */
  now = 0;
  #entries = new Map<string, Entry>();
  #nextSequence = 1;

  /** @throws CommandError WRONGTYPE when the key holds something else. */
  read<T extends ValueType>(key: string, type: T): Values[T] | undefined {
    const entry = this.#find(key);
    if (entry === undefined) return undefined;
    if (entry.type !== type) throw new CommandError("WRONGTYPE Operation against a key holding the wrong kind of value");
    return entry.value as Values[T];
  }

  /** @returns the collection to change in place, made when missing; call `dropIfEmpty` after taking from it. */
  open<T extends Exclude<ValueType, "string">>(key: string, type: T): Values[T] {
    const existing = this.read(key, type);
    if (existing !== undefined) return existing;
    const created = EMPTY[type]();
    this.put({ key, type, value: created });
    return created;
  }

  /** Replaces whatever the key holds; without `expiresAt` it no longer expires. */
  put<T extends ValueType>({
    key,
    type,
    value,
    expiresAt,
  }: {
    key: string;
    type: T;
    value: Values[T];
    expiresAt?: number | undefined;
  }): void {
    const sequence = this.#find(key)?.sequence ?? this.#nextSequence++;
    this.#entries.set(key, { type, value, expiresAt, sequence });
  }

  type(key: string): ValueType | undefined {
    return this.#find(key)?.type;
  }

  has(key: string): boolean {
    return this.#find(key) !== undefined;
  }

  delete(key: string): boolean {
    return this.has(key) && this.#entries.delete(key);
  }

  /** A collection without elements does not exist in Redis. */
  dropIfEmpty(key: string): void {
    const value = this.#find(key)?.value;
    if (value === undefined || typeof value === "string") return;
    if ((Array.isArray(value) ? value.length : value.size) === 0) this.#entries.delete(key);
  }

  expiresAt(key: string): number | undefined {
    return this.#find(key)?.expiresAt;
  }

  /** @param expiresAt unix milliseconds (a past instant ends the key), or undefined for never. */
  expire(key: string, expiresAt: number | undefined): void {
    const entry = this.#find(key);
    if (entry !== undefined) entry.expiresAt = expiresAt;
  }

  /** @returns the keys with a sequence of at least `from`, oldest first, each with its sequence. */
  *keys(from = 0): Generator<{ key: string; sequence: number }> {
    for (const [key, { sequence }] of this.#entries) {
      if (sequence >= from && this.has(key)) yield { key, sequence };
    }
  }

  clear(): void {
    this.#entries.clear();
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry?.expiresAt === undefined || entry.expiresAt > this.now) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}
