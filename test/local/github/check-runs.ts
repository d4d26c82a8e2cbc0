import * as z from "zod";
import { json, type WireAnswer } from "../http-server.ts";
import { instant, invalidRequest } from "./answers.ts";
import { answerList, bodyOf, paginate, type RepositoryCall } from "./call.ts";
import { botOf } from "./callers.ts";
import { checkRunView } from "./check-run-view.ts";
import { commitOf } from "./commits.ts";
import { sendCheckRun } from "./events.ts";
import { isSha } from "./history.ts";
import { webUrl } from "./repository-view.ts";
import type { CheckRun } from "./state.ts";
import { fullName, nextId, required } from "./world.ts";

const MAX_ANNOTATIONS = 50;
const MAX_TEXT_LENGTH = 65_535;
const MAX_ACTIONS = 3;
const CONCLUSIONS = ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"] as const;
const instantText = z.iso.datetime({ offset: true });

const annotation = z.object({
  path: z.string(),
  start_line: z.int().positive(),
  end_line: z.int().positive(),
  start_column: z.int().positive().optional(),
  end_column: z.int().positive().optional(),
  annotation_level: z.enum(["notice", "warning", "failure"]),
  message: z.string().min(1),
  title: z.string().max(255).optional(),
  raw_details: z.string().optional(),
});

const action = z.object({
  label: z.string().max(20),
  description: z.string().max(40),
  identifier: z.string().max(20),
});

const changes = z.object({
  name: z.string().min(1).optional(),
  details_url: z.url().optional(),
  external_id: z.string().optional(),
  status: z.enum(["queued", "in_progress", "completed", "waiting", "requested", "pending"]).optional(),
  started_at: instantText.optional(),
  conclusion: z.enum(CONCLUSIONS).optional(),
  completed_at: instantText.optional(),
  output: z
    .object({
      title: z.string().optional(),
      summary: z.string().max(MAX_TEXT_LENGTH),
      text: z.string().max(MAX_TEXT_LENGTH).optional(),
      annotations: z.array(annotation).optional(),
    })
    .optional(),
  actions: z.array(action).max(MAX_ACTIONS).optional(),
});
const creation = changes.required({ name: true }).extend({ head_sha: z.string() });

type Changes = z.infer<typeof changes>;

/** `POST /repos/{owner}/{repo}/check-runs`. */
export async function createCheckRun(call: RepositoryCall): Promise<WireAnswer> {
  const { world, webhooks, repository } = call;
  const input = bodyOf(call, creation);
  if (!isSha(input.head_sha)) throw invalidRequest(`"head_sha" is not a full sha`);
  const run: CheckRun = {
    id: nextId(world),
    repositoryId: repository.id,
    headSha: await commitOf(call, input.head_sha),
    name: input.name,
    status: "queued",
    conclusion: null,
    externalId: null,
    detailsUrl: null,
    startedAt: instant(world.now().getTime()),
    completedAt: null,
    title: null,
    summary: null,
    text: null,
    annotations: [],
    actions: [],
  };
  apply({ call, run, input });
  world.state.checkRuns.push(run);
  world.save();
  const event = { stage: { world, webhooks }, repository, checkRun: run, sender: botOf(world) };
  sendCheckRun({ ...event, action: "created" });
  if (run.status === "completed") sendCheckRun({ ...event, action: "completed" });
  return json(201, checkRunView(world, repository, run));
}

/** `PATCH /repos/{owner}/{repo}/check-runs/{id}`: what is left out stays, annotations are added to those that are there. */
export function updateCheckRun(call: RepositoryCall): WireAnswer {
  const { world, webhooks, repository } = call;
  const run = checkRunOf(call);
  const wasCompleted = run.status === "completed";
  apply({ call, run, input: bodyOf(call, changes) });
  world.save();
  if (run.status === "completed" && !wasCompleted) {
    sendCheckRun({ stage: { world, webhooks }, repository, checkRun: run, action: "completed", sender: botOf(world) });
  }
  return json(200, checkRunView(world, repository, run));
}

export function getCheckRun(call: RepositoryCall): WireAnswer {
  return json(200, checkRunView(call.world, call.repository, checkRunOf(call)));
}

export function listAnnotations(call: RepositoryCall): Promise<WireAnswer> {
  return answerList(call, checkRunOf(call).annotations, (each) => each);
}

/** `GET /repos/{owner}/{repo}/commits/{ref}/check-runs`, newest first; `filter=latest` shows one of each name. */
export async function listCheckRuns(call: RepositoryCall): Promise<WireAnswer> {
  const { world, repository, query, params } = call;
  const sha = await commitOf(call, params[0] ?? "");
  const all = world.state.checkRuns.filter((each) => each.repositoryId === repository.id && each.headSha === sha).reverse();
  const wanted = all.filter(
    (each) => [null, each.name].includes(query.get("check_name")) && [null, String(each.status)].includes(query.get("status")),
  );
  const isLatest = (run: CheckRun) => wanted.find(({ name }) => name === run.name) === run;
  const shown = query.get("filter") === "all" ? wanted : wanted.filter(isLatest);
  const { items, total, headers } = paginate(call, shown);
  return json(200, { total_count: total, check_runs: items.map((each) => checkRunView(world, repository, each)) }, headers);
}

function checkRunOf({ world, repository, params: [id] }: RepositoryCall): CheckRun {
  return required(world.state.checkRuns.find((each) => each.id === Number(id) && each.repositoryId === repository.id));
}

/** @throws Refusal (422) before anything is changed. */
function apply({ call, run, input }: { call: RepositoryCall; run: CheckRun; input: Changes }): void {
  const annotations = input.output?.annotations ?? [];
  if (annotations.length > MAX_ANNOTATIONS) {
    throw invalidRequest(`No more than ${MAX_ANNOTATIONS} items are allowed; ${annotations.length} were supplied.`);
  }
  if (input.status === "completed" && input.conclusion === undefined && run.conclusion === null) {
    throw invalidRequest(`"conclusion" wasn't supplied.`);
  }
  if (input.output !== undefined && input.output.title === undefined && run.title === null) {
    throw invalidRequest(`"title" wasn't supplied.`);
  }
  const { world, repository } = call;
  const isCompleted = input.conclusion !== undefined;
  const blob = `${webUrl(fullName(world, repository))}/blob/${run.headSha}`;
  Object.assign(run, {
    name: input.name ?? run.name,
    detailsUrl: input.details_url ?? run.detailsUrl,
    externalId: input.external_id ?? run.externalId,
    status: isCompleted ? "completed" : (input.status ?? run.status),
    conclusion: isCompleted ? input.conclusion : input.status === undefined ? run.conclusion : null,
    startedAt: input.started_at ?? run.startedAt,
    completedAt: isCompleted ? (input.completed_at ?? instant(world.now().getTime())) : (input.completed_at ?? run.completedAt),
    title: input.output?.title ?? run.title,
    summary: input.output?.summary ?? run.summary,
    text: input.output?.text ?? run.text,
    actions: input.actions ?? run.actions,
  } satisfies Partial<CheckRun>);
  run.annotations.push(
    ...annotations.map(({ start_column = null, end_column = null, title = null, raw_details = null, ...rest }) => ({
      ...rest,
      start_column,
      end_column,
      title,
      raw_details,
      blob_href: `${blob}/${rest.path}`,
    })),
  );
}
