import { json, type WireAnswer } from "../http-server.ts";
import { notFound, refuse } from "./answers.ts";
import { linkHeader, type Page, pageOf, type RepositoryCall, wants } from "./call.ts";
import { commitView, fileView } from "./commit-view.ts";
import { diffFiles } from "./diff.ts";
import { type Commit, countCommits, EMPTY_TREE, getCommit, listCommits, mergeBase, resolveCommit } from "./history.ts";
import { repositoryUrl, webUrl } from "./repository-view.ts";
import type { Schemas } from "./state.ts";
import { fullName, required } from "./world.ts";

const MAX_COMPARED_COMMITS = 250;

/** `GET /repos/{owner}/{repo}/commits`, by `sha`, `path`, `since` and `until`. */
export async function answerCommits(call: RepositoryCall): Promise<WireAnswer> {
  const { directory, repository, query, world } = call;
  const sha = required(await resolveCommit({ directory, ref: query.get("sha") ?? repository.defaultBranch }));
  const page = pageOf(call);
  const options = ["since", "until", "author"].flatMap((name) => (query.has(name) ? [`--${name}=${query.get(name)}`] : []));
  const path = query.get("path");
  const filter = { directory, range: sha, ...(path && { path }) };
  const paging = [`--skip=${(page.number - 1) * page.size}`, `--max-count=${page.size}`];
  const [total, commits] = await Promise.all([
    countCommits({ ...filter, options }),
    listCommits({ ...filter, options: [...options, ...paging] }),
  ]);
  const shown = commits.map((each) => commitView(world, repository, each));
  return json(200, shown, linkHeader({ call, page, total }));
}

/** `GET /repos/{owner}/{repo}/commits/{ref}`, with its files; `application/vnd.github.sha` answers the sha alone. */
export async function answerCommit(call: RepositoryCall): Promise<WireAnswer> {
  const { directory, repository, world, params } = call;
  const sha = await commitOf(call, params[0] ?? "");
  if (wants(call, "sha"))
    // Whoever has the sha can offer it as the entity tag.
    return { status: 200, headers: { "content-type": "application/vnd.github.sha; charset=utf-8", etag: `"${sha}"` }, body: sha };
  const commit = await getCommit({ directory, sha });
  const files = await diffFiles({ directory, from: commit.parents[0] ?? EMPTY_TREE, to: sha });
  const sum = (of: "additions" | "deletions") => files.reduce((total, file) => total + file[of], 0);
  const [additions, deletions] = [sum("additions"), sum("deletions")];
  const page = pageOf(call, world.limits.comparedFiles);
  const size = call.query.has("per_page") ? page.size : world.limits.comparedFiles;
  const shown = files.slice((page.number - 1) * size, page.number * size);
  const answer: Schemas["commit"] = {
    ...commitView(world, repository, commit),
    stats: { additions, deletions, total: additions + deletions },
    files: shown.map((file) => fileView({ world, repository, sha, file })),
  };
  return json(200, answer, linkHeader({ call, page: { number: page.number, size }, total: files.length }));
}

/**
 * `GET /repos/{owner}/{repo}/compare/{base}...{head}`: from their common ancestor to head. Files are on the first page alone, and
 * of them no more than the limit; without paging at most 250 commits, the newest.
 */
export async function answerComparison(call: RepositoryCall): Promise<WireAnswer> {
  const { directory, repository, world, params } = call;
  const [base, head] = await Promise.all([params[0], params[1]].map((ref) => resolveCommit({ directory, ref: ref ?? "" })));
  if (base === undefined || head === undefined) throw notFound();
  const ancestor = await mergeBase({ directory, shas: [base, head] });
  if (ancestor === undefined) {
    throw refuse({
      status: 404,
      message: `No common ancestor between ${params[0]} and ${params[1]}.`,
      page: "commits/commits#compare-two-commits",
    });
  }
  const [ahead, behind] = await Promise.all([
    countCommits({ directory, range: `${base}..${head}` }),
    countCommits({ directory, range: `${head}..${base}` }),
  ]);
  const isPaged = call.query.has("page") || call.query.has("per_page");
  const page: Page = isPaged ? pageOf(call) : { number: 1, size: MAX_COMPARED_COMMITS };
  const [baseCommit, ancestorCommit, commits, files] = await Promise.all([
    getCommit({ directory, sha: base }),
    getCommit({ directory, sha: ancestor }),
    listCommits({ directory, range: `${base}..${head}`, options: ["--reverse"] }),
    page.number === 1 ? diffFiles({ directory, from: ancestor, to: head }) : [],
  ]);
  const name = fullName(world, repository);
  const range = `${params[0]}...${params[1]}`;
  const web = `${webUrl(name)}/compare/${range}`;
  const view = (commit: Commit) => commitView(world, repository, commit);
  const shown = isPaged ? commits.slice((page.number - 1) * page.size, page.number * page.size) : commits.slice(-page.size);
  const answer: Schemas["commit-comparison"] = {
    url: `${repositoryUrl(world, name)}/compare/${range}`,
    html_url: web,
    permalink_url: `${webUrl(name)}/compare/${base}...${head}`,
    diff_url: `${web}.diff`,
    patch_url: `${web}.patch`,
    base_commit: view(baseCommit),
    merge_base_commit: view(ancestorCommit),
    status: comparisonStatus(ahead, behind),
    ahead_by: ahead,
    behind_by: behind,
    total_commits: ahead,
    commits: shown.map(view),
    files: files.slice(0, world.limits.comparedFiles).map((file) => fileView({ world, repository, sha: head, file })),
  };
  return json(200, answer, isPaged ? linkHeader({ call, page, total: commits.length }) : {});
}

/** @throws Refusal: 422 for what is no commit here. */
export async function commitOf({ directory }: RepositoryCall, ref: string): Promise<string> {
  const sha = await resolveCommit({ directory, ref });
  if (sha !== undefined) return sha;
  const message = `No commit found for SHA: ${ref}`;
  throw refuse({ status: 422, message, page: "commits/commits#get-a-commit" });
}

function comparisonStatus(ahead: number, behind: number): Schemas["commit-comparison"]["status"] {
  if (ahead > 0 && behind > 0) return "diverged";
  if (ahead > 0) return "ahead";
  return behind > 0 ? "behind" : "identical";
}
