import { join } from "node:path";
import type { createTRPCClient } from "@trpc/client";
import type { AppRouter } from "../../functions/edge/app-router.ts";
import type { Demo } from "./demo.ts";
import type { Stack } from "./stack.ts";
import { ROOT } from "./state.ts";
import { type Say, step, until } from "./tell.ts";

type Client = ReturnType<typeof createTRPCClient<AppRouter>>;

/** A real open-source repository: its sources come with the package that this project uses. */
const REPOSITORY = { folder: join(ROOT, "node_modules/zod/src"), owner: "colinhacks", name: "zod" };
/** The owner's account at GitHub. */
const GITHUB_ACCOUNT = { id: 2_001_001, login: "rafaela-prado" };

/** A repository is connected, read, one of the conventions that hold in it is made a rule, and a pull request meets it. */
export async function playCraftStory({
  stack: { clerk, github },
  demo,
  trpc,
  say,
}: {
  stack: Stack;
  demo: Demo;
  trpc: Client;
  say: Say;
}): Promise<void> {
  if (clerk === undefined || github === undefined) {
    say("  The rest needs the stand-in of GitHub; the environment names the real one, so it is not played.");
    return;
  }
  const { fullName } = await github.addRepository(REPOSITORY);

  const installationId = await step(say, "8. the owner links her GitHub account and installs the App", async () => {
    clerk.updateUser(demo.ownerClerkId, { github: { id: String(GITHUB_ACCOUNT.id), username: GITHUB_ACCOUNT.login } });
    const findInstalled = async () => {
      const { items } = await trpc.repos.installations.query();
      return items.find(({ accountLogin }) => accountLogin === REPOSITORY.owner);
    };
    if ((await findInstalled()) === undefined)
      await github.install({ account: REPOSITORY.owner, repositories: "all", sender: GITHUB_ACCOUNT });
    const installation = await until("GitHub's event and Clerk's have met", findInstalled);
    return {
      value: installation.installationId,
      text: `she, and nobody else, may connect what is of ${installation.accountLogin}`,
    };
  });

  const repo = await step(say, `9. ${fullName} is connected, streamed as one archive, and mined`, async () => {
    const { id } = await trpc.repos.connect.mutate({ installationId, fullName });
    const read = await until("it is read", async () => {
      const found = await trpc.repos.getById.query({ id });
      if (found.ingestionStatus === "failed") throw new Error(`The scan failed: ${found.scan?.failure}`);
      return found.ingestionStatus === "ingested" && Object.values(found.patternCounts).some(Boolean) ? found : undefined;
    });
    const megabytes = ((read.scan?.bytesRead ?? 0) / 1_048_576).toFixed(1);
    const count = Object.values(read.patternCounts).reduce((total, each) => total + each, 0);
    return { value: read, text: `${read.scan?.filesTotal} files, ${megabytes} MiB: ${count} conventions hold` };
  });

  await step(say, "10. a candidate is judged, with its evidence at hand", async () => {
    const { items } = await trpc.patterns.triageQueue.query({ repoId: repo.id });
    const [best] = items;
    if (best === undefined) return { value: undefined, text: "all of them have been judged" };
    const { evidence } = await trpc.patterns.getById.query({ id: best.id });
    const [seen] = evidence;
    const promoted = await trpc.patterns.promote.mutate({
      id: best.id,
      severity: "error",
      rationale: "As everybody here writes it.",
    });
    if (seen === undefined || promoted.status !== "authoritative") throw new Error(`It is ${promoted.status}`);
    return {
      value: undefined,
      text: `“${best.name}” (${best.hits} of ${best.opportunities}, seen at ${seen.path}:${seen.startLine}) is authoritative`,
    };
  });

  await step(say, "11. a pull request breaks the rule, and is told so", async () => {
    await trpc.repos.setCheckMode.mutate({ id: repo.id, mode: "enforce" });
    const branch = `greeting-${Date.now()}`;
    await github.push({ repository: fullName, branch, files: { "v4/core/greeting.ts": "export const greeting = 'Olá';\n" } });
    const { number } = await github.openPull({ repository: fullName, head: branch, title: "Adds a greeting" });
    const pull = await until("GitHub shows the check run", async () => {
      const { items } = await trpc.repos.pulls.query({ repoId: repo.id });
      return items.find((each) => each.number === number && each.check?.checkRunId != null);
    });
    const { conclusion } = pull.check ?? {};
    const { violations } = await trpc.repos.pull.query({ id: pull.id });
    const [first] = violations;
    if (conclusion !== "failure" || first === undefined) throw new Error(`The check ended with ${conclusion}`);
    return {
      value: undefined,
      text: `check run of #${number}: ${conclusion}, ${violations.length} violation at ${first.path}:${first.startLine}; untouched lines stay untold`,
    };
  });
}
