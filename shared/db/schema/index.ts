export * from "./money.ts";
export * from "./practice.ts";
export * from "./tenancy.ts";
export * from "./work.ts";
