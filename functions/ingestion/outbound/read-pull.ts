import type { Convention } from "../../../shared/craft/conventions-file.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { type GitAttributes, NO_ATTRIBUTES, readGitAttributes } from "../archive/git-attributes.ts";
import { judgeFile } from "../archive/judge-file.ts";
import { ATTRIBUTES_PATH, MAX_ATTRIBUTES_BYTES } from "../archive/open-intake.ts";
import { needsTree, type ReadChange } from "../pulls/evaluate-pull.ts";
import { leaveOut, type PullPlan, planPullFiles } from "../pulls/plan-pull-files.ts";
import type { PullFacts } from "../pulls/pull-facts.ts";
import type { PullLimits } from "../pulls/pull-limits.ts";
import type { ListedFile } from "../scan/plan-files.ts";
import type { Github, PullCalls, RepositoryCalls } from "./github.ts";

/** As many requests as a Worker may have open, and some for the database. */
const FILES_AT_ONCE = 4;

/** What a pull request changes, as far as it could be read. */
export interface PullReading {
  plan: PullPlan;
  files: ReadChange[];
  /** Of the hand-written files at its head; empty when no convention asks for them. */
  treePaths: string[];
}

/** Reads what a pull request changes; nothing that it brings is run, and what is too much is left out and counted. */
export async function readPull({
  ctx,
  github,
  installationId,
  fullName,
  pull,
  conventions,
  limits,
}: {
  ctx: JobContext;
  github: Github;
  installationId: number | null;
  fullName: string;
  pull: PullFacts & { baseSha: string };
  conventions: readonly Convention[];
  limits: PullLimits;
}): Promise<PullReading> {
  const pulls = github.pulls(installationId, ctx);
  const repository = github.repositories(installationId, ctx);
  if (conventions.length === 0)
    return { plan: { toRead: [], toNote: [], leftOut: {}, leftOutPaths: [], sources: 0 }, files: [], treePaths: [] };
  const changes = await pulls.listFiles({ fullName, number: pull.number, maxFiles: limits.files });
  const attributes = await readAttributes({ pulls, repository, fullName, commitSha: pull.baseSha });
  const { files: listed } = await repository.getTree({ fullName, commitSha: pull.headSha });
  const tree = new Map(listed.map((file) => [file.path, file]));
  const plan = planPullFiles({ files: changes, tree, attributes, limits });
  const files = [
    ...(await readSources({ repository, fullName, plan, attributes })),
    ...plan.toNote.map((change) => ({ change })),
  ];
  return { plan, files, treePaths: conventions.some(needsTree) ? handWritten({ listed, attributes }) : [] };
}

/** Of the base, whose owner decides what is generated and foreign there. */
async function readAttributes({
  pulls,
  repository,
  fullName,
  commitSha,
}: {
  pulls: PullCalls;
  repository: RepositoryCalls;
  fullName: string;
  commitSha: string;
}): Promise<GitAttributes> {
  const file = await pulls.findRootFile({ fullName, commitSha, path: ATTRIBUTES_PATH });
  if (file === undefined || file.size > MAX_ATTRIBUTES_BYTES) return NO_ATTRIBUTES;
  return readGitAttributes(new TextDecoder().decode(await repository.getBlob({ fullName, sha: file.sha })));
}

/** What turns out to be no source code once it is read is left out after all. */
async function readSources({
  repository,
  fullName,
  plan,
  attributes,
}: {
  repository: RepositoryCalls;
  fullName: string;
  plan: PullPlan;
  attributes: GitAttributes;
}): Promise<ReadChange[]> {
  const planned = plan.toRead.splice(0);
  const files: ReadChange[] = [];
  for (let at = 0; at < planned.length; at += FILES_AT_ONCE) {
    const group = planned.slice(at, at + FILES_AT_ONCE);
    const contents = await Promise.all(group.map(({ file }) => repository.getBlob({ fullName, sha: file.sha })));
    for (const [index, each] of group.entries()) {
      const content = contents[index] ?? new Uint8Array();
      const { path, size } = each.file;
      const { kind, reason } = judgeFile({ path, size, content, attributes });
      if (kind === "source") {
        plan.toRead.push(each);
        files.push({ change: each.change, source: new TextDecoder().decode(content) });
      } else leaveOut({ plan, path, reason });
    }
  }
  return files;
}

function handWritten({ listed, attributes }: { listed: readonly ListedFile[]; attributes: GitAttributes }): string[] {
  return listed.flatMap(({ path, size }) =>
    ["source", "other"].includes(judgeFile({ path, size, attributes }).kind) ? [path] : [],
  );
}
