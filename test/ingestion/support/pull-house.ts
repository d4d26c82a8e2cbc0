import { v7 as uuidv7 } from "uuid";
import type { Checker } from "../../../shared/craft/checker.ts";
import { insertRow } from "../../db/support/insert-row.ts";
import type { GitHub } from "../../local/github.ts";
import { folderOf, openScanHouse, type Repo, type ScanHouse } from "./scan-house.ts";

type Files = Record<string, string | null>;
type Mode = "off" | "shadow" | "enforce";

export const NO_LOGGING: Checker = { kind: "call", never: ["console.log"], in: { folder: "" } };
export const KEBAB_NAMES: Checker = { kind: "file-name", case: "kebab-case", in: { folder: "src" } };

export interface CheckRow {
  id: string;
  head_sha: string;
  status: string;
  failure: string | null;
  is_shadow: boolean;
  conclusion: string | null;
  check_run_id: string | null;
  files_read: number;
  left_out: Record<string, number>;
  waived: number;
  dismissed: number;
}

export interface ViolationRow {
  id: string;
  pattern_id: string;
  fingerprint: string;
  path: string;
  start_line: number;
  severity: string;
  comment_id: string | null;
  comment_says: string | null;
  resolved_at: Date | null;
}

export interface CheckRunView {
  id: number;
  name: string;
  head_sha: string;
  external_id: string;
  status: string;
  conclusion: string;
  output: { title: string; summary: string; annotations_count: number };
}

export interface CommentView {
  id: number;
  body: string;
  path: string;
  line: number | null;
  original_line: number;
}

/** Where GitHub tells what happens, and the App is installed once for all repositories of one owner. */
export interface PullHouse extends ScanHouse {
  installationId: number;
}

/** A repository at GitHub and one mentorado that has connected it. */
export interface PullStage {
  house: PullHouse;
  repo: Repo;
  installationId: number;
  githubId: number;
  addPattern(pattern: {
    checker: Checker;
    severity?: "error" | "warning" | "info";
    row?: Record<string, unknown>;
  }): Promise<string>;
  setMode(mode: Mode): Promise<void>;
  /** A branch with these changes and a pull request of it. @returns its number. */
  open(files: Files, branch?: string): Promise<number>;
  push(files: Files, branch?: string): Promise<void>;
  /** Everything that GitHub has told is received, and everything that follows is done. */
  settle(): Promise<void>;
  checks(): Promise<CheckRow[]>;
  violations(): Promise<ViolationRow[]>;
  /** Of every commit of the pull request, the newest first. */
  checkRuns(number?: number): Promise<CheckRunView[]>;
  annotations(
    run: CheckRunView,
  ): Promise<{ path: string; start_line: number; end_line: number; annotation_level: string; message: string; title: string }[]>;
  comments(number?: number): Promise<CommentView[]>;
}

/** As the signed-in installation asks GitHub. */
export async function askGithub<Body>(
  { github, installationId }: { github: GitHub; installationId: number },
  path: string,
): Promise<Body> {
  const { client } = await import("../../contract/support/github-stage.ts");
  const { data } = await client(github, installationId).request(`GET ${path}`);
  return data as Body;
}

export async function openPullStage({
  house,
  files,
  mode = "enforce",
}: {
  house: PullHouse;
  files: Record<string, string>;
  mode?: Mode;
}): Promise<PullStage> {
  const { github, platform, installationId } = house;
  const { query } = platform.database;
  const name = `p${uuidv7().slice(-12)}`;
  await github.addRepository({ folder: folderOf(files), owner: "acme", name });
  const repo = await house.connect({ name, installationId });
  const { id: githubId } = await askGithub<{ id: number }>({ github, installationId }, `/repos/acme/${name}`);
  const update = (set: string, value: unknown) =>
    query(`update repos set ${set} = $1 where id = $2 and set_config('app.actor_type', 'system', true) <> ''`, [value, repo.id]);
  await update("github_id", githubId);
  await update("check_mode", mode);
  const stage: PullStage = {
    house,
    repo,
    installationId,
    githubId,
    addPattern: ({ checker, severity = "error", row }) => addPattern({ house, repo, checker, severity, row }),
    setMode: async (next) => void (await update("check_mode", next)),
    async open(changes, branch = "feature") {
      await github.push({ repository: repo.fullName, branch, files: changes });
      const { number } = await github.openPull({ repository: repo.fullName, head: branch, title: "A change" });
      return number;
    },
    push: async (changes, branch = "feature") => void (await github.push({ repository: repo.fullName, branch, files: changes })),
    async settle() {
      await github.idle();
      await house.work();
      await platform.settled();
    },
    checks: () => query("select * from pull_checks where mentorado_id = $1 order by id", [repo.mentoradoId]),
    violations: () => query("select * from violations where mentorado_id = $1 order by path, start_line, id", [repo.mentoradoId]),
    async checkRuns(number = 1) {
      const base = `/repos/${repo.fullName}`;
      const commits = await askGithub<{ sha: string }[]>({ github, installationId }, `${base}/pulls/${number}/commits`);
      const runs = await Promise.all(
        commits.map(({ sha }) =>
          askGithub<{ check_runs: CheckRunView[] }>({ github, installationId }, `${base}/commits/${sha}/check-runs?filter=all`),
        ),
      );
      return runs.flatMap(({ check_runs }) => check_runs).sort((one, other) => other.id - one.id);
    },
    annotations: ({ id }) =>
      askGithub({ github, installationId }, `/repos/${repo.fullName}/check-runs/${id}/annotations?per_page=100`),
    comments: (number = 1) =>
      askGithub({ github, installationId }, `/repos/${repo.fullName}/pulls/${number}/comments?per_page=100`),
  };
  return stage;
}

export async function openPullHouse(): Promise<PullHouse> {
  const house = await openScanHouse({ hasWebhook: true });
  const many = 1_000_000;
  await house.github.setLimits({
    installationPerHour: many,
    pointsPerMinute: many,
    contentPerMinute: many,
    contentPerHour: many,
  });
  await house.github.addRepository({ folder: folderOf({ "README.md": "# First\n" }), owner: "acme", name: "first" });
  const { installationId } = await house.github.install({ account: "acme", repositories: "all" });
  return { ...house, installationId };
}

async function addPattern({
  house,
  repo,
  checker,
  severity,
  row = {},
}: {
  house: ScanHouse;
  repo: Repo;
  checker: Checker;
  severity: string;
  row: Record<string, unknown> | undefined;
}): Promise<string> {
  const id = uuidv7();
  await insertRow(house.platform.database, "patterns", {
    mentorado_id: repo.mentoradoId,
    id,
    repo_id: repo.id,
    type: "code",
    origin: "person",
    name: "No logging to the console",
    description: "Logs go through the logger.",
    category: "other",
    status: "authoritative",
    checker,
    default_severity: severity,
    channels: ["pull_request"],
    validated_at: new Date().toISOString(),
    rationale: "Nobody reads the console.",
    ...row,
  });
  return id;
}
