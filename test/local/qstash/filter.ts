/** What messages, dead letters and events can be chosen by. */
export interface Filterable {
  /** Epoch milliseconds. */
  at: number;
  messageId: string;
  dlqId?: string | undefined;
  url: string;
  labels?: string[] | undefined;
  queueName?: string | undefined;
  scheduleId?: string | undefined;
  topicName?: string | undefined;
  flowControlKey?: string | undefined;
  state?: string | undefined;
  responseStatus?: number | undefined;
}

/** Each query parameter that chooses, and the values of a record that it is compared with. */
const CHOICES: Record<string, (record: Filterable) => unknown[]> = {
  messageId: ({ messageId }) => [messageId],
  messageIds: ({ messageId }) => [messageId],
  dlqIds: ({ dlqId }) => [dlqId],
  url: ({ url }) => [url],
  host: ({ url }) => [new URL(url).host],
  path: ({ url }) => [new URL(url).pathname],
  label: ({ labels = [] }) => labels,
  queueName: ({ queueName }) => [queueName],
  scheduleId: ({ scheduleId }) => [scheduleId],
  topicName: ({ topicName }) => [topicName],
  flowControlKey: ({ flowControlKey }) => [flowControlKey],
  state: ({ state }) => [state],
  responseStatus: ({ responseStatus }) => [String(responseStatus)],
};

/** @returns whether the record satisfies every parameter of the query; a parameter given several times asks for any of its values. */
export function matches({ record, query }: { record: Filterable; query: URLSearchParams }): boolean {
  for (const [name, valuesOf] of Object.entries(CHOICES)) {
    const wanted = query.getAll(name);
    if (wanted.length > 0 && !valuesOf(record).some((value) => wanted.includes(String(value)))) return false;
  }
  const fromMs = Number(query.get("fromDate") ?? 0);
  const toMs = Number(query.get("toDate") ?? Number.POSITIVE_INFINITY);
  return record.at >= fromMs && record.at <= toMs;
}
