import * as z from "zod";
import { pageInput } from "../../../shared/db/keyset.ts";
import { text } from "../../../shared/trpc/text.ts";
import { parseRepositoryName, parseRepositoryUrl } from "./repository-name.ts";

const MAX_URL_CHARS = 200;

/**
 * Which repository: by its address or its name; both must mean the same one. With an installation it is read through that, without one as
 * the public sees it.
 */
export const connectRepoInput = z
  .object({
    url: readBy(parseRepositoryUrl, "not the address of a repository at github.com").optional(),
    installationId: z.int().min(1).optional(),
    fullName: readBy(parseRepositoryName, "not a name such as owner/name").optional(),
    studentId: z.uuid().optional(),
  })
  .refine(({ url, fullName }) => url !== undefined || fullName !== undefined, { path: ["url"] })
  .refine(({ url, fullName }) => !url || !fullName || url.toLowerCase() === fullName.toLowerCase(), { path: ["fullName"] })
  .transform(({ url, fullName, ...rest }) => ({ fullName: fullName ?? url ?? "", ...rest }));
export type ConnectRepoInput = z.output<typeof connectRepoInput>;

export const listReposInput = pageInput.extend({ studentId: z.uuid().optional() }).prefault({});
export type ListReposInput = z.output<typeof listReposInput>;

function readBy(parse: (value: string) => string | undefined, message: string) {
  return text({ max: MAX_URL_CHARS }).transform((value, context) => {
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}
