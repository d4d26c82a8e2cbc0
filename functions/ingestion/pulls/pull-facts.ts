import * as z from "zod";

const MAX_TITLE_CHARS = 300;

/** A pull request as GitHub shows it in events and alone; all else is let through unseen. */
export const pullFields = z.object({
  number: z.int().positive(),
  title: z.string(),
  state: z.string(),
  merged_at: z.string().nullish(),
  user: z.object({ login: z.string() }).nullish(),
  head: z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) }),
  base: z.object({ ref: z.string(), sha: z.string().regex(/^[0-9a-f]{40}$/) }),
  created_at: z.iso.datetime({ offset: true }),
  updated_at: z.iso.datetime({ offset: true }),
});

/** What is kept of a pull request. */
export interface PullFacts {
  number: number;
  title: string;
  authorLogin: string;
  state: "open" | "closed" | "merged";
  headSha: string;
  baseRef: string;
  openedAt: string;
  /** GitHub's own time of this. */
  eventAt: string;
}

export function toPullFacts(pull: z.output<typeof pullFields>): PullFacts {
  return {
    number: pull.number,
    title: storableText({ text: pull.title, maxChars: MAX_TITLE_CHARS }),
    // Of an account that is gone, GitHub shows this one.
    authorLogin: pull.user?.login ?? "ghost",
    state: pull.merged_at ? "merged" : pull.state === "closed" ? "closed" : "open",
    headSha: pull.head.sha,
    baseRef: pull.base.ref,
    openedAt: pull.created_at,
    eventAt: pull.updated_at,
  };
}

/** Foreign text as a database can hold it and people can read it: without control characters and marks that turn its direction, and bounded. */
export function storableText({ text, maxChars }: { text: string; maxChars: number }): string {
  return text
    .slice(0, maxChars)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ")
    .replaceAll(/\p{Cf}/gu, "")
    .trim();
}
