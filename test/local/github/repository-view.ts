import { accountView } from "./account-view.ts";
import { instant } from "./answers.ts";
import type { Repository, Schemas } from "./state.ts";
import { nodeIdOf } from "./webhooks.ts";
import { accountOf, fullName, type World } from "./world.ts";

const COUNTS = { forks: 0, open_issues: 0, watchers: 0, network: 0, stargazers: 0 };

/** A repository as `GET /repos/{owner}/{repo}` answers it; lists and events show the same. */
export function repositoryView(world: World, repository: Repository): Schemas["full-repository"] & Schemas["repository"] {
  const name = fullName(world, repository);
  return {
    id: repository.id,
    node_id: nodeIdOf(repository),
    name: repository.name,
    full_name: name,
    owner: accountView(world, accountOf(world, repository.ownerId)),
    private: repository.isPrivate,
    visibility: repository.isPrivate ? "private" : "public",
    description: repository.description,
    fork: false,
    ...links(world, name),
    homepage: null,
    language: null,
    license: null,
    mirror_url: null,
    forks: COUNTS.forks,
    forks_count: COUNTS.forks,
    network_count: COUNTS.network,
    open_issues: COUNTS.open_issues,
    open_issues_count: COUNTS.open_issues,
    stargazers_count: COUNTS.stargazers,
    subscribers_count: COUNTS.watchers,
    watchers: COUNTS.watchers,
    watchers_count: COUNTS.watchers,
    size: repository.size,
    default_branch: repository.defaultBranch,
    is_template: false,
    topics: [],
    has_issues: true,
    has_projects: true,
    has_wiki: true,
    has_pages: false,
    has_downloads: true,
    has_discussions: false,
    archived: false,
    disabled: false,
    allow_forking: true,
    web_commit_signoff_required: false,
    pushed_at: instant(repository.pushedAtMs),
    created_at: instant(repository.createdAtMs),
    updated_at: instant(repository.pushedAtMs),
    permissions: { admin: false, maintain: false, push: false, triage: false, pull: true },
  };
}

/** As events about installations list it. */
export function shortRepositoryView(world: World, repository: Repository): object {
  const { id, name, isPrivate } = repository;
  return { id, node_id: nodeIdOf(repository), name, full_name: fullName(world, repository), private: isPrivate };
}

export function repositoryUrl({ url }: World, name: string): string {
  return `${url}/repos/${name}`;
}

export function webUrl(name: string): string {
  return `https://github.com/${name}`;
}

function links(world: World, name: string) {
  const api = repositoryUrl(world, name);
  const web = webUrl(name);
  return {
    url: api,
    html_url: web,
    archive_url: `${api}/{archive_format}{/ref}`,
    assignees_url: `${api}/assignees{/user}`,
    blobs_url: `${api}/git/blobs{/sha}`,
    branches_url: `${api}/branches{/branch}`,
    clone_url: `${web}.git`,
    collaborators_url: `${api}/collaborators{/collaborator}`,
    comments_url: `${api}/comments{/number}`,
    commits_url: `${api}/commits{/sha}`,
    compare_url: `${api}/compare/{base}...{head}`,
    contents_url: `${api}/contents/{+path}`,
    contributors_url: `${api}/contributors`,
    deployments_url: `${api}/deployments`,
    downloads_url: `${api}/downloads`,
    events_url: `${api}/events`,
    forks_url: `${api}/forks`,
    git_commits_url: `${api}/git/commits{/sha}`,
    git_refs_url: `${api}/git/refs{/sha}`,
    git_tags_url: `${api}/git/tags{/sha}`,
    git_url: `git://github.com/${name}.git`,
    hooks_url: `${api}/hooks`,
    issue_comment_url: `${api}/issues/comments{/number}`,
    issue_events_url: `${api}/issues/events{/number}`,
    issues_url: `${api}/issues{/number}`,
    keys_url: `${api}/keys{/key_id}`,
    labels_url: `${api}/labels{/name}`,
    languages_url: `${api}/languages`,
    merges_url: `${api}/merges`,
    milestones_url: `${api}/milestones{/number}`,
    notifications_url: `${api}/notifications{?since,all,participating}`,
    pulls_url: `${api}/pulls{/number}`,
    releases_url: `${api}/releases{/id}`,
    ssh_url: `git@github.com:${name}.git`,
    stargazers_url: `${api}/stargazers`,
    statuses_url: `${api}/statuses/{sha}`,
    subscribers_url: `${api}/subscribers`,
    subscription_url: `${api}/subscription`,
    svn_url: web,
    tags_url: `${api}/tags`,
    teams_url: `${api}/teams`,
    trees_url: `${api}/git/trees{/sha}`,
  };
}
