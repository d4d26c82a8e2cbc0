import { accountView } from "./account-view.ts";
import { instant } from "./answers.ts";
import { diffFiles, type FileDiff } from "./diff.ts";
import { countCommits, mergeBase } from "./history.ts";
import { canMerge } from "./merge.ts";
import { repositoryUrl, repositoryView, webUrl } from "./repository-view.ts";
import type { Pull, Repository, Schemas } from "./state.ts";
import { nodeIdOf } from "./webhooks.ts";
import { accountOf, directoryOf, fullName, type World } from "./world.ts";

/** A pull request as lists show it. */
export function pullView(world: World, repository: Repository, pull: Pull) {
  const { number, createdAtMs, updatedAtMs, closedAtMs, merged } = pull;
  const author = accountView(world, accountOf(world, pull.userId));
  const name = fullName(world, repository);
  const side = (ref: string, sha: string) => {
    const owner = accountView(world, accountOf(world, repository.ownerId));
    return { label: `${owner.login}:${ref}`, ref, sha, user: owner, repo: repositoryView(world, repository) };
  };
  return {
    ...links(world, name, pull),
    id: pull.id,
    node_id: nodeIdOf(pull),
    number,
    state: closedAtMs === null ? "open" : "closed",
    locked: false,
    active_lock_reason: null,
    title: pull.title,
    user: author,
    body: pull.body,
    labels: [],
    milestone: null,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    created_at: instant(createdAtMs),
    updated_at: instant(updatedAtMs),
    closed_at: closedAtMs === null ? null : instant(closedAtMs),
    merged_at: merged === null ? null : instant(merged.atMs),
    merge_commit_sha: merged?.sha ?? null,
    head: side(pull.headRef, pull.headSha),
    base: side(pull.baseRef, pull.baseSha),
    author_association: pull.userId === repository.ownerId ? "OWNER" : "CONTRIBUTOR",
    auto_merge: null,
    draft: pull.isDraft,
  } satisfies Schemas["pull-request-simple"] & Pick<Schemas["pull-request"], "state">;
}

/** A pull request on its own, and in events: with its figures. */
export async function fullPullView(world: World, repository: Repository, pull: Pull): Promise<Schemas["pull-request"]> {
  const directory = directoryOf(world, repository);
  const [files, commits, isMergeable] = await Promise.all([
    pullFiles({ directory, pull }),
    countCommits({ directory, range: `${pull.baseSha}..${pull.headSha}` }),
    pull.closedAtMs === null ? canMerge({ directory, base: pull.baseSha, head: pull.headSha }) : null,
  ]);
  const sum = (of: "additions" | "deletions") => files.reduce((total, file) => total + file[of], 0);
  const { issueComments, reviewComments } = world.state;
  return {
    ...pullView(world, repository, pull),
    merged: pull.merged !== null,
    mergeable: isMergeable,
    rebaseable: isMergeable,
    mergeable_state: isMergeable === null ? "unknown" : isMergeable ? "clean" : "dirty",
    merged_by: pull.merged === null ? null : accountView(world, accountOf(world, pull.merged.byId)),
    comments: issueComments.filter((each) => each.repositoryId === repository.id && each.issueNumber === pull.number).length,
    review_comments: reviewComments.filter(({ pullId }) => pullId === pull.id).length,
    maintainer_can_modify: false,
    commits,
    additions: sum("additions"),
    deletions: sum("deletions"),
    changed_files: files.length,
  };
}

/** What a pull request changes: from where it left the base branch to its head. */
export async function pullFiles({ directory, pull }: { directory: string; pull: Pull }): Promise<FileDiff[]> {
  const ancestor = await mergeBase({ directory, shas: [pull.baseSha, pull.headSha] });
  return diffFiles({ directory, from: ancestor ?? pull.baseSha, to: pull.headSha });
}

export function pullUrl(world: World, repository: Repository, number: number): { api: string; web: string; issue: string } {
  const name = fullName(world, repository);
  const api = repositoryUrl(world, name);
  return { api: `${api}/pulls/${number}`, web: `${webUrl(name)}/pull/${number}`, issue: `${api}/issues/${number}` };
}

function links(world: World, name: string, { number, headSha }: Pull) {
  const api = repositoryUrl(world, name);
  const web = `${webUrl(name)}/pull/${number}`;
  const urls = {
    url: `${api}/pulls/${number}`,
    html_url: web,
    diff_url: `${web}.diff`,
    patch_url: `${web}.patch`,
    issue_url: `${api}/issues/${number}`,
    commits_url: `${api}/pulls/${number}/commits`,
    review_comments_url: `${api}/pulls/${number}/comments`,
    review_comment_url: `${api}/pulls/comments{/number}`,
    comments_url: `${api}/issues/${number}/comments`,
    statuses_url: `${api}/statuses/${headSha}`,
  };
  return {
    ...urls,
    _links: {
      self: { href: urls.url },
      html: { href: urls.html_url },
      issue: { href: urls.issue_url },
      comments: { href: urls.comments_url },
      review_comments: { href: urls.review_comments_url },
      review_comment: { href: urls.review_comment_url },
      commits: { href: urls.commits_url },
      statuses: { href: urls.statuses_url },
    },
  };
}
