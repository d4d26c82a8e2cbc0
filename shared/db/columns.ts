import { customType } from "drizzle-orm/pg-core";
import { fromHex, toHex } from "../bytes.ts";

/** `timestamptz` as an ISO 8601 string in UTC with milliseconds: `2026-11-21T03:24:26.123Z`. */
export const instant = customType<{ data: string; driverData: string }>({
  dataType: () => "timestamp with time zone",
  // As ISO 8601, which is parsed several times faster than Postgres' own form.
  fromDriver: (value) => new Date(value.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00")).toISOString(),
});

/** `bytea` as bytes. Neon's HTTP protocol carries it as `\x…` text. */
export const bytes = customType<{ data: Uint8Array; driverData: string }>({
  dataType: () => "bytea",
  toDriver: (value) => `\\x${toHex(value)}`,
  fromDriver: (value) => (typeof value === "string" ? fromHex(value.slice(2)) : value),
});
