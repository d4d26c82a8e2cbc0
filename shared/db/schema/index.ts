export * from "./craft.ts";
export * from "./money.ts";
export * from "./practice.ts";
export * from "./pull-requests.ts";
export * from "./tenancy.ts";
export * from "./work.ts";
