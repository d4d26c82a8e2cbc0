import type { components } from "@octokit/openapi-types";

/** Shapes of GitHub's own description of its REST API. */
export type Schemas = components["schemas"];
export type Permissions = Schemas["app-permissions"];

export interface App {
  id: number;
  clientId: string;
  slug: string;
  name: string;
  ownerId: number;
  hookId: number;
  /** PKCS#1, as GitHub gives it. */
  privateKeyPem: string;
  createdAtMs: number;
}

export interface Account {
  id: number;
  login: string;
  type: "User" | "Organization" | "Bot";
}

export interface Repository {
  id: number;
  ownerId: number;
  name: string;
  /** `owner/name` of earlier, in lower case: requests to it are redirected. */
  formerNames: string[];
  isPrivate: boolean;
  description: string | null;
  defaultBranch: string;
  /** The folder that it was imported from; commits that appear there later can be pushed. */
  source: string;
  createdAtMs: number;
  pushedAtMs: number;
  /** Of its objects, in KiB. */
  size: number;
  /** Issues and pull requests share one running number. */
  lastNumber: number;
}

export interface Installation {
  id: number;
  accountId: number;
  selection: "all" | "selected";
  /** Of a selection; empty for "all". */
  repositoryIds: number[];
  permissions: Permissions;
  createdAtMs: number;
  updatedAtMs: number;
  suspended: { byId: number; atMs: number } | null;
}

export interface InstallationToken {
  token: string;
  installationId: number;
  /** What the token was narrowed to; null is all that the installation reaches. */
  repositoryIds: number[] | null;
  permissions: Permissions;
  expiresAtMs: number;
}

export interface Pull {
  id: number;
  number: number;
  repositoryId: number;
  userId: number;
  title: string;
  body: string | null;
  isDraft: boolean;
  headRef: string;
  headSha: string;
  baseRef: string;
  /** Tip of the base branch when the pull request was opened or last synchronised. */
  baseSha: string;
  createdAtMs: number;
  updatedAtMs: number;
  closedAtMs: number | null;
  merged: { sha: string; byId: number; atMs: number } | null;
}

export interface Review {
  id: number;
  pullId: number;
  userId: number;
  body: string;
  state: "COMMENTED" | "CHANGES_REQUESTED" | "APPROVED" | "PENDING";
  commitSha: string;
  submittedAtMs: number;
}

export type Side = "LEFT" | "RIGHT";

export interface ReviewComment {
  id: number;
  reviewId: number;
  pullId: number;
  userId: number;
  body: string;
  path: string;
  /** Where it stood in the diff of `commitSha`; where it stands now is worked out from that. */
  line: number;
  side: Side;
  startLine: number | null;
  startSide: Side | null;
  position: number;
  commitSha: string;
  diffHunk: string;
  createdAtMs: number;
  updatedAtMs: number;
}

export interface IssueComment {
  id: number;
  repositoryId: number;
  issueNumber: number;
  userId: number;
  body: string;
  createdAtMs: number;
  updatedAtMs: number;
}

export interface CheckAction {
  label: string;
  description: string;
  identifier: string;
}

export interface CheckRun {
  id: number;
  repositoryId: number;
  headSha: string;
  name: string;
  status: Schemas["check-run"]["status"];
  conclusion: Schemas["check-run"]["conclusion"];
  externalId: string | null;
  detailsUrl: string | null;
  startedAt: string;
  completedAt: string | null;
  title: string | null;
  summary: string | null;
  text: string | null;
  annotations: Schemas["check-annotation"][];
  actions: CheckAction[];
}

export interface Delivery {
  id: number;
  guid: string;
  event: string;
  action: string | null;
  installationId: number | null;
  repositoryId: number | null;
  isRedelivery: boolean;
  /** The exact bytes that are signed and sent. */
  body: string;
  createdAtMs: number;
  /** Null until the one attempt was made. */
  outcome: { deliveredAtMs: number; durationMs: number; status: string; statusCode: number } | null;
}

export interface GitHubState {
  app: App;
  /** Signs the addresses of archives. */
  archiveSecret: string;
  /** The last id that was given, of whatever kind. */
  lastId: number;
  accounts: Account[];
  repositories: Repository[];
  installations: Installation[];
  tokens: InstallationToken[];
  pulls: Pull[];
  reviews: Review[];
  reviewComments: ReviewComment[];
  issueComments: IssueComment[];
  checkRuns: CheckRun[];
  deliveries: Delivery[];
}
