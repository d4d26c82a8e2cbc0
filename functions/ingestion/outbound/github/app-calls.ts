import * as z from "zod";
import type { AppTokens } from "./app-token.ts";
import type { GithubClient } from "./client.ts";

const PAGE = 100;

const delivery = z.object({
  id: z.int(),
  guid: z.string(),
  delivered_at: z.iso.datetime({ offset: true }),
  status_code: z.int(),
});
export type GithubDelivery = z.output<typeof delivery>;

/** What the App asks about itself. */
export interface AppCalls {
  /**
   * One page of the webhook deliveries, the newest first.
   *
   * @returns the cursor of the next page; undefined at the end.
   */
  listDeliveries(cursor?: string): Promise<{ deliveries: GithubDelivery[]; next: string | undefined }>;
  /** Has a delivery sent once more, under the same GUID. */
  redeliver(id: number): Promise<void>;
}

export function appCalls(client: GithubClient, tokens: AppTokens): AppCalls {
  return {
    async listDeliveries(cursor) {
      const { value, headers } = await client.call(
        {
          operation: "listDeliveries",
          path: "/app/hook/deliveries",
          query: { per_page: String(PAGE), ...(cursor === undefined ? {} : { cursor }) },
          answer: z.array(delivery),
        },
        await tokens.sign(Date.now()),
      );
      return { deliveries: value, next: nextCursor(headers.get("link")) };
    },
    async redeliver(id) {
      const path = `/app/hook/deliveries/${id}/attempts`;
      await client.call({ operation: "redeliver", method: "POST", path, answer: z.unknown() }, await tokens.sign(Date.now()));
    },
  };
}

/** `<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_12>; rel="next"` */
function nextCursor(link: string | null): string | undefined {
  const url = link?.split(",").flatMap((each) => /<([^>]+)>\s*;\s*rel="next"/.exec(each)?.[1] ?? [])[0];
  return url !== undefined && URL.canParse(url) ? (new URL(url).searchParams.get("cursor") ?? undefined) : undefined;
}
