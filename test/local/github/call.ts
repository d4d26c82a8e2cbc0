import * as z from "zod";
import { json, type WireAnswer, type WireRequest } from "../http-server.ts";
import { invalidRequest, refuse } from "./answers.ts";
import type { Caller } from "./authenticate.ts";
import type { Repository } from "./state.ts";
import type { WebhookSender } from "./webhooks.ts";
import { directoryOf, type World } from "./world.ts";

/** A request on its way to its handler. */
export interface Call {
  world: World;
  webhooks: WebhookSender;
  caller: Caller;
  request: WireRequest;
  /** As `Link` headers name it: without the query, and of a repository by its id. */
  path: string;
  /** What the route's pattern caught, decoded. */
  params: string[];
  query: URLSearchParams;
}

export interface RepositoryCall extends Call {
  repository: Repository;
  /** The bare repository. */
  directory: string;
}

export function withRepository(call: Call, repository: Repository): RepositoryCall {
  return { ...call, repository, directory: directoryOf(call.world, repository) };
}

/** @throws Refusal: 400 for what is no JSON, 422 for what does not fit. */
export function bodyOf<Body>({ request }: Call, schema: z.ZodType<Body>): Body {
  const { data, error } = schema.safeParse(parse(request));
  if (error !== undefined) throw invalidRequest(z.prettifyError(error));
  return data;
}

function parse({ body }: WireRequest): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString());
  } catch {
    throw refuse({ status: 400, message: "Problems parsing JSON" });
  }
}

export interface Page {
  number: number;
  size: number;
}

const MAX_PAGE_SIZE = 100;

export function pageOf({ query }: Call, defaultSize = 30): Page {
  const wanted = (name: string, fallback: number) => Math.max(1, Number.parseInt(query.get(name) ?? "", 10) || fallback);
  return { number: wanted("page", 1), size: Math.min(MAX_PAGE_SIZE, wanted("per_page", defaultSize)) };
}

/** @returns the items of the page that the call asks for, and the headers that lead to the others. */
export function paginate<Item>(
  call: Call,
  items: readonly Item[],
): { items: Item[]; headers: Record<string, string>; total: number } {
  const page = pageOf(call);
  const start = (page.number - 1) * page.size;
  return {
    items: items.slice(start, start + page.size),
    headers: linkHeader({ call, page, total: items.length }),
    total: items.length,
  };
}

/** @see https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api */
export function linkHeader({ call, page, total }: { call: Call; page: Page; total: number }): Record<string, string> {
  const last = Math.max(1, Math.ceil(total / page.size));
  const to = (number: number, rel: string) => {
    const query = new URLSearchParams(call.query);
    query.set("page", String(number));
    return `<${call.world.url}${call.path}?${query}>; rel="${rel}"`;
  };
  const links = [
    ...(page.number > 1 ? [to(page.number - 1, "prev")] : []),
    ...(page.number < last ? [to(page.number + 1, "next"), to(last, "last")] : []),
    ...(page.number > 1 ? [to(1, "first")] : []),
  ];
  return links.length === 0 ? {} : { link: links.join(", ") };
}

/** A plain list, paged. */
export async function answerList<Item>(
  call: Call,
  items: readonly Item[],
  view: (item: Item) => object | Promise<object>,
): Promise<WireAnswer> {
  const page = paginate(call, items);
  return json(200, await Promise.all(page.items.map(async (item) => view(item))), page.headers);
}

/** @returns whether the caller asks for a media type of GitHub: `raw`, `sha`. */
export function wants({ request }: Call, type: string): boolean {
  return new RegExp(`application/vnd\\.github(\\.v3)?\\.${type}\\b`).test(request.headers.accept ?? "");
}
