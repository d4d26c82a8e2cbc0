import { type GitAttributes, NO_ATTRIBUTES, readGitAttributes } from "../archive/git-attributes.ts";
import { ATTRIBUTES_PATH, MAX_ATTRIBUTES_BYTES } from "../archive/open-intake.ts";
import type { ListedFile } from "../scan/plan-files.ts";
import type { RepositoryCalls } from "./github.ts";

/** The files of a commit as git lists them, and what the repository says of them. */
export interface Listing {
  files: ListedFile[];
  links: number;
  attributes: GitAttributes;
}

/** @returns undefined when the tree is so large that GitHub does not tell all of it. */
export async function readListing({
  repository,
  fullName,
  commitSha,
}: {
  repository: RepositoryCalls;
  fullName: string;
  commitSha: string;
}): Promise<Listing | undefined> {
  const { files, links, isTruncated } = await repository.getTree({ fullName, commitSha });
  if (isTruncated) return undefined;
  const own = files.find(({ path, size }) => path === ATTRIBUTES_PATH && size <= MAX_ATTRIBUTES_BYTES);
  const text = own === undefined ? undefined : new TextDecoder().decode(await repository.getBlob({ fullName, sha: own.sha }));
  return {
    files: files.filter(({ path }) => path !== ATTRIBUTES_PATH),
    links,
    attributes: text === undefined ? NO_ATTRIBUTES : readGitAttributes(text),
  };
}
