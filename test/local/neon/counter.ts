/** Counts what reached the databases; a request that a fault swallowed is not counted. */
export interface RequestCounter {
  /** HTTP round trips since the last reset, of one database or of all. */
  count(database?: string): number;
  /** Statements in those requests. */
  statements(database?: string): number;
  reset(): void;
}

export interface Recorder extends RequestCounter {
  add(request: { database: string; statements: number }): void;
}

export function createCounter(): Recorder {
  const seen = new Map<string, { requests: number; statements: number }>();
  const total = (what: "requests" | "statements", database?: string) =>
    database === undefined ? [...seen.values()].reduce((sum, each) => sum + each[what], 0) : (seen.get(database)?.[what] ?? 0);
  return {
    count: (database) => total("requests", database),
    statements: (database) => total("statements", database),
    reset: () => seen.clear(),
    add: ({ database, statements }) => {
      const before = seen.get(database) ?? { requests: 0, statements: 0 };
      seen.set(database, { requests: before.requests + 1, statements: before.statements + statements });
    },
  };
}
