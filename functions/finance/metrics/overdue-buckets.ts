/** Ages of what is overdue, in days since the due date, both ends included. */
export const OVERDUE_DAYS = {
  "1-7": { from: 1, to: 7 },
  "8-30": { from: 8, to: 30 },
  "31-60": { from: 31, to: 60 },
  "61-90": { from: 61, to: 90 },
  "over-90": { from: 91, to: null },
} as const;

export type OverdueBucket = keyof typeof OVERDUE_DAYS;
export const OVERDUE_BUCKETS = Object.keys(OVERDUE_DAYS) as [OverdueBucket, ...OverdueBucket[]];
