import type { BoundWorker, GroupWorker } from "../../shared/trpc/caller.ts";

/** The Workers behind the edge, each reached over its service binding. */
export const GROUP_NAMES = ["accounts", "crm", "finance", "patterns", "ingestion", "webhooks", "scheduler"] as const;

export type GroupName = (typeof GROUP_NAMES)[number];
/** The groups with procedures. */
export type RouteGroupName = "accounts" | "crm" | "finance" | "patterns";

export type Groups = Record<RouteGroupName, GroupWorker> & Record<Exclude<GroupName, RouteGroupName>, BoundWorker>;

/** A Map, so that `constructor` or `__proto__` find nothing. */
const GROUP_OF_NAMESPACE = new Map<string, RouteGroupName>([
  ["users", "accounts"],
  ["settings", "accounts"],
  ["lgpd", "accounts"],
  ["leads", "crm"],
  ["students", "crm"],
  ["enrollments", "crm"],
  ["activities", "crm"],
  ["tasks", "crm"],
  ["tags", "crm"],
  ["customFields", "crm"],
  ["financial", "finance"],
  ["repos", "patterns"],
  ["patterns", "patterns"],
]);

/** @returns the group that answers for a procedure such as `leads.list`, known or not; `undefined` for a namespace of nobody. */
export function findGroupOfProcedure(path: string): RouteGroupName | undefined {
  return GROUP_OF_NAMESPACE.get(path.split(".", 1)[0] ?? "");
}

/** @returns the group of a `/jobs/<group>/<job>` callback. */
export function findGroupByName(name: string): GroupName | undefined {
  return GROUP_NAMES.find((group) => group === name);
}
