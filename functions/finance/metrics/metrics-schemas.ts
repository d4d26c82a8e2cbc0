import * as z from "zod";
import { pageInput } from "../../../shared/db/keyset.ts";
import { DUE_METRICS } from "./dues.ts";
import { ENTRY_METRICS } from "./month-entries.ts";
import { OVERDUE_BUCKETS } from "./overdue-buckets.ts";

const month = z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/);

export const monthInput = z.object({ month });
export type MonthInput = z.output<typeof monthInput>;

const OVERDUE_METRICS: readonly string[] = ["overdue", "dueOverdue"];
const METRICS_OF_A_DAY: readonly string[] = ["due", "dueReceived", "dueOverdue"];

/** `bucket` narrows what is overdue to one age, `day` a metric of the calendar to one day of the month. */
export const metricRowsInput = pageInput
  .extend({
    metric: z.enum([...ENTRY_METRICS, ...DUE_METRICS]),
    month,
    bucket: z.enum(OVERDUE_BUCKETS).optional(),
    day: z.int().min(1).max(31).optional(),
  })
  .refine(({ metric, bucket }) => bucket === undefined || OVERDUE_METRICS.includes(metric), { path: ["bucket"] })
  .refine(({ metric, day }) => day === undefined || METRICS_OF_A_DAY.includes(metric), { path: ["day"] });
export type MetricRowsInput = z.output<typeof metricRowsInput>;
