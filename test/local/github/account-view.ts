import { instant } from "./answers.ts";
import type { Account, App, Installation, Schemas } from "./state.ts";
import { APP_EVENTS, nodeIdOf } from "./webhooks.ts";
import { accountOf, type World } from "./world.ts";

const WEB_URL = "https://github.com";

export function accountView({ url }: World, account: Account): Schemas["simple-user"] {
  const { id, login, type } = account;
  const self = `${url}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: nodeIdOf(account),
    avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
    gravatar_id: "",
    url: self,
    html_url: `${WEB_URL}/${type === "Bot" ? `apps/${login.replace("[bot]", "")}` : login}`,
    followers_url: `${self}/followers`,
    following_url: `${self}/following{/other_user}`,
    gists_url: `${self}/gists{/gist_id}`,
    starred_url: `${self}/starred{/owner}{/repo}`,
    subscriptions_url: `${self}/subscriptions`,
    organizations_url: `${self}/orgs`,
    repos_url: `${self}/repos`,
    events_url: `${self}/events{/privacy}`,
    received_events_url: `${self}/received_events`,
    type,
    user_view_type: "public",
    site_admin: false,
  };
}

export function appView(world: World, app: App): NonNullable<Schemas["integration"]> {
  return {
    id: app.id,
    client_id: app.clientId,
    slug: app.slug,
    node_id: nodeIdOf(app),
    owner: accountView(world, accountOf(world, app.ownerId)),
    name: app.name,
    description: "",
    external_url: "https://guilda.example",
    html_url: `${WEB_URL}/apps/${app.slug}`,
    created_at: instant(app.createdAtMs),
    updated_at: instant(app.createdAtMs),
    permissions: { checks: "write", contents: "read", metadata: "read", pull_requests: "write" },
    events: [...APP_EVENTS],
  };
}

export function installationView(world: World, installation: Installation): Schemas["installation"] {
  const { id, selection, permissions, createdAtMs, updatedAtMs, suspended } = installation;
  const account = accountOf(world, installation.accountId);
  return {
    id,
    client_id: world.state.app.clientId,
    account: accountView(world, account),
    repository_selection: selection,
    access_tokens_url: `${world.url}/app/installations/${id}/access_tokens`,
    repositories_url: `${world.url}/installation/repositories`,
    html_url: `${WEB_URL}/settings/installations/${id}`,
    app_id: world.state.app.id,
    app_slug: world.state.app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions,
    events: [...APP_EVENTS],
    created_at: instant(createdAtMs),
    updated_at: instant(updatedAtMs),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: suspended === null ? null : accountView(world, accountOf(world, suspended.byId)),
    suspended_at: suspended === null ? null : instant(suspended.atMs),
  };
}
