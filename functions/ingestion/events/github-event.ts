import * as z from "zod";
import { type PullFacts, pullFields, toPullFacts } from "../pulls/pull-facts.ts";

/**
 * What Guilda reads of GitHub's webhooks: leniently, all else is let through unseen.
 *
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads
 */

/** GitHub writes instants as text, and as seconds. */
const instant = z
  .union([z.iso.datetime({ offset: true }), z.int()])
  .transform((value) => new Date(typeof value === "number" ? value * 1_000 : value).toISOString());

const installationEvent = z.object({
  action: z.string(),
  installation: z.object({
    id: z.int(),
    account: z.object({ login: z.string(), type: z.string() }),
    updated_at: instant,
    suspended_at: instant.nullish(),
  }),
  sender: z.object({ id: z.int() }),
});
const selectionEvent = z.object({ installation: z.object({ id: z.int() }) });
const pushEvent = z.object({ ref: z.string(), repository: z.object({ id: z.int(), default_branch: z.string() }) });
const repositoryEvent = z.object({ action: z.string(), repository: z.object({ id: z.int() }) });
const pullEvent = z.object({
  action: z.string(),
  pull_request: pullFields,
  repository: z.object({ id: z.int() }),
  /** What an edit has changed. */
  changes: z.object({ base: z.unknown().optional() }).optional(),
});
const checkRunEvent = z.object({
  action: z.string(),
  check_run: z.object({ external_id: z.string().nullish() }),
  repository: z.object({ id: z.int() }),
});

/** What is told of a repository that a scan would find changed. */
const TELLING_ACTIONS: readonly string[] = ["renamed", "transferred", "privatized", "publicized", "edited", "deleted"];

/** What is told of a pull request; all else is about labels, reviewers and such. */
const PULL_ACTIONS: readonly string[] = ["opened", "reopened", "synchronize", "edited", "closed"];

/** Of an event, what is to be done about it. */
export type GithubEvent =
  | { kind: "installation"; installation: InstallationChange }
  | { kind: "selection"; installationId: number }
  | { kind: "repository"; githubId: number }
  /** `isToCheck`: what is to be compared with the conventions may have changed. */
  | { kind: "pull"; githubId: number; pull: PullFacts; isToCheck: boolean }
  /** Somebody wants a check, named by our id of it, done again. */
  | { kind: "recheck"; githubId: number; pullCheckId: string }
  | { kind: "ignored" };

export interface InstallationChange {
  installationId: number;
  accountLogin: string;
  accountType: string;
  /** Told by the installation itself alone: others act on it later. */
  installedBy: number | null;
  suspendedAt: string | null;
  isDeleted: boolean;
  /** GitHub's own time of the change. */
  eventAt: string;
}

/**
 * @param type the name of the event, with its action after a dot.
 * @throws when the bytes are not what an event of this type is.
 */
export function readGithubEvent({ type, raw }: { type: string; raw: Uint8Array }): GithubEvent {
  const [name = ""] = type.split(".", 1);
  const body = () => JSON.parse(new TextDecoder().decode(raw)) as unknown;
  switch (name) {
    case "installation":
      return { kind: "installation", installation: toChange(installationEvent.parse(body())) };
    case "installation_repositories":
      return { kind: "selection", installationId: selectionEvent.parse(body()).installation.id };
    case "push": {
      const { ref, repository } = pushEvent.parse(body());
      const isDefault = ref === `refs/heads/${repository.default_branch}`;
      return isDefault ? { kind: "repository", githubId: repository.id } : { kind: "ignored" };
    }
    case "repository": {
      const { action, repository } = repositoryEvent.parse(body());
      return TELLING_ACTIONS.includes(action) ? { kind: "repository", githubId: repository.id } : { kind: "ignored" };
    }
    case "pull_request":
      return toPullEvent(pullEvent.parse(body()));
    case "check_run": {
      const { action, check_run, repository } = checkRunEvent.parse(body());
      const pullCheckId = z.uuid().safeParse(check_run.external_id).data;
      if (action !== "rerequested" || pullCheckId === undefined) return { kind: "ignored" };
      return { kind: "recheck", githubId: repository.id, pullCheckId };
    }
    default:
      return { kind: "ignored" };
  }
}

function toPullEvent({ action, pull_request, repository, changes }: z.output<typeof pullEvent>): GithubEvent {
  if (!PULL_ACTIONS.includes(action)) return { kind: "ignored" };
  const pull = toPullFacts(pull_request);
  const isToCheck = pull.state === "open" && (action !== "edited" || changes?.base !== undefined);
  return { kind: "pull", githubId: repository.id, pull, isToCheck };
}

function toChange({ action, installation, sender }: z.output<typeof installationEvent>): InstallationChange {
  return {
    installationId: installation.id,
    accountLogin: installation.account.login,
    accountType: installation.account.type,
    installedBy: action === "created" ? sender.id : null,
    suspendedAt: installation.suspended_at ?? null,
    isDeleted: action === "deleted",
    eventAt: installation.updated_at,
  };
}
