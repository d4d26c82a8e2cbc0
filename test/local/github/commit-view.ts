import { instant } from "./answers.ts";
import type { FileDiff } from "./diff.ts";
import type { Commit } from "./history.ts";
import { repositoryUrl, webUrl } from "./repository-view.ts";
import type { Repository, Schemas } from "./state.ts";
import { fullName, type World } from "./world.ts";

/** A commit as lists show it. */
export function commitView(world: World, repository: Repository, commit: Commit): Schemas["commit"] {
  const { sha, tree, parents, author, committer, message } = commit;
  const name = fullName(world, repository);
  const api = repositoryUrl(world, name);
  return {
    sha,
    node_id: Buffer.from(`C:${repository.id}:${sha}`).toString("base64"),
    commit: {
      author: { ...author, date: instant(Date.parse(author.date)) },
      committer: { ...committer, date: instant(Date.parse(committer.date)) },
      message,
      tree: { sha: tree, url: `${api}/git/trees/${tree}` },
      url: `${api}/git/commits/${sha}`,
      comment_count: 0,
      verification: { verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null },
    },
    url: `${api}/commits/${sha}`,
    html_url: `${webUrl(name)}/commit/${sha}`,
    comments_url: `${api}/commits/${sha}/comments`,
    // Whose account an address belongs to is not known here.
    author: null,
    committer: null,
    parents: parents.map((each) => ({
      sha: each,
      url: `${api}/commits/${each}`,
      html_url: `${webUrl(name)}/commit/${each}`,
    })),
  };
}

/** @param sha the commit that the file is shown at. */
export function fileView({
  world,
  repository,
  sha,
  file,
}: {
  world: World;
  repository: Repository;
  sha: string;
  file: FileDiff;
}): Schemas["diff-entry"] {
  const name = fullName(world, repository);
  const path = file.path.split("/").map(encodeURIComponent).join("/");
  const { previousPath, patch } = file;
  return {
    sha: file.sha,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${webUrl(name)}/blob/${sha}/${path}`,
    raw_url: `${webUrl(name)}/raw/${sha}/${path}`,
    contents_url: `${repositoryUrl(world, name)}/contents/${path}?ref=${sha}`,
    ...(patch !== undefined && { patch }),
    ...(previousPath !== undefined && { previous_filename: previousPath }),
  };
}

/** A commit within the event of a push. */
export function pushedCommitView({
  world,
  repository,
  commit,
  files,
}: {
  world: World;
  repository: Repository;
  commit: Commit;
  files: readonly FileDiff[];
}): Schemas["webhook-push"]["commits"][number] {
  const paths = (...statuses: FileDiff["status"][]) =>
    files.filter(({ status }) => statuses.includes(status)).map(({ path }) => path);
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${webUrl(fullName(world, repository))}/commit/${commit.sha}`,
    author: commit.author,
    committer: commit.committer,
    added: [...paths("added"), ...paths("renamed")],
    removed: [...paths("removed"), ...files.flatMap(({ previousPath }) => previousPath ?? [])],
    modified: paths("modified", "changed"),
  };
}
