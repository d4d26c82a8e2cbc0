import { createHash } from "node:crypto";
import { json, type StandIn, serve, type WireAnswer, type WireRequest } from "./http-server.ts";
import { CommandError, type Engine, type Reply, toBinary, toText } from "./redis/engine.ts";
import { createMemoryEngine } from "./redis/memory-engine.ts";
import { connectRespEngine } from "./redis/resp-engine.ts";

/** Commands that Upstash does not offer over REST; on a shared connection to a real server they would also stop everyone else. */
const UNAVAILABLE = new Set(
  "auth blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin client config debug discard exec hello monitor multi psubscribe psync quit replicaof reset select shutdown ssubscribe subscribe sync unwatch wait watch".split(
    " ",
  ),
);

type Encoding = "plain" | "base64";

interface Rest {
  engine: Engine;
  token: string;
  /** SHA-1 of a script as received → SHA-1 of what the engine was given, for scripts with a first line that only Upstash reads. */
  aliases: Map<string, string>;
}

/**
 * A stand-in for Upstash Redis: its REST protocol in front of an engine.
 *
 * @param token what clients must send as a bearer token.
 * @param engine `memory`, or the address of a real Redis server.
 */
export async function startRedis({
  port = 0,
  token,
  engine: choice = "memory",
}: {
  port?: number;
  token: string;
  engine?: "memory" | { host: string; port: number };
}): Promise<StandIn & { flush(): Promise<void> }> {
  const engine = choice === "memory" ? createMemoryEngine() : await connectRespEngine(choice);
  const rest: Rest = { engine, token, aliases: new Map() };
  const standIn = await serve({ port, handle: (request) => answer(rest, request) });
  return {
    ...standIn,
    async flush() {
      await engine.execute(["FLUSHALL"]);
    },
    async close() {
      await standIn.close();
      await engine.close();
    },
  };
}

async function answer(rest: Rest, request: WireRequest): Promise<WireAnswer> {
  if (request.headers.authorization !== `Bearer ${rest.token}`) {
    return json(401, { error: "WRONGPASS invalid or missing auth token" });
  }
  if (request.method !== "POST") return json(405, { error: "ERR method not allowed" });
  const encoding = request.headers["upstash-encoding"] === "base64" ? "base64" : "plain";
  const syncToken = { "upstash-sync-token": request.headers["upstash-sync-token"] || "local" };
  const result = await answerBody({ rest, path: request.path, body: parseJson(request.body.toString()), encoding });
  return json(isFailure(result) ? 400 : 200, result, syncToken);
}

type Item = { result: unknown } | { error: string };

function isFailure(result: Item | Item[]): boolean {
  return !Array.isArray(result) && "error" in result;
}

async function answerBody({
  rest,
  path,
  body,
  encoding,
}: {
  rest: Rest;
  path: string;
  body: unknown;
  encoding: Encoding;
}): Promise<Item | Item[]> {
  if (path === "/") {
    const command = readCommand(body);
    return command === undefined ? { error: "ERR failed to parse command" } : toItem(await execute(rest, command), encoding);
  }
  if (path !== "/pipeline" && path !== "/multi-exec") return { error: `ERR path ${path} is not served` };
  const commands = Array.isArray(body) ? body.map(readCommand) : [];
  if (commands.length === 0 || !commands.every((command) => command !== undefined)) {
    return { error: "ERR failed to parse pipeline request" };
  }
  const replies = path === "/pipeline" ? await executeEach(rest, commands) : await executeAtOnce(rest, commands);
  return replies instanceof CommandError ? toItem(replies, encoding) : replies.map((reply) => toItem(reply, encoding));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @returns the words of a command as binary strings, or undefined when the body is no command. */
function readCommand(body: unknown): string[] | undefined {
  if (!Array.isArray(body) || body.length === 0) return undefined;
  return body.map((word) => toBinary(typeof word === "object" && word !== null ? JSON.stringify(word) : String(word ?? "")));
}

/** Other requests may come between the commands of a pipeline. */
async function executeEach(rest: Rest, commands: string[][]): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const command of commands) replies.push(await execute(rest, command));
  return replies;
}

async function executeAtOnce({ engine, aliases }: Rest, commands: string[][]): Promise<Reply[] | CommandError> {
  const refused = commands.map(refusal).find((error) => error !== undefined);
  if (refused !== undefined) return refused;
  const replies = await engine.transaction(commands.map((command) => withoutShebang(command, aliases)));
  if (replies instanceof CommandError) return replies;
  return replies.map((reply, index) => withReceivedSha(commands[index] ?? [], reply));
}

async function execute({ engine, aliases }: Rest, command: string[]): Promise<Reply> {
  const refused = refusal(command);
  if (refused !== undefined) return refused;
  return withReceivedSha(command, await engine.execute(withoutShebang(command, aliases)));
}

function refusal([name = ""]: string[]): CommandError | undefined {
  return UNAVAILABLE.has(name.toLowerCase()) ? new CommandError(`ERR Command is not available: '${name}'`) : undefined;
}

/**
 * Upstash reads a script's first line `#!lua flags=…` with flags of its own, which Redis would refuse, but knows the script
 * by the SHA-1 of its whole text, which clients carry as a constant. So the line is taken off and the two SHA-1s are kept in pairs.
 */
function withoutShebang(command: string[], aliases: Map<string, string>): string[] {
  const [name = "", first = "", second = "", ...rest] = command;
  const lowerName = name.toLowerCase();
  if (lowerName === "eval") return [name, strip(first, aliases), ...command.slice(2)];
  if (lowerName === "evalsha") return [name, aliases.get(first.toLowerCase()) ?? first, ...command.slice(2)];
  if (lowerName !== "script") return command;
  const isLoad = first.toLowerCase() === "load";
  const words = command.slice(2).map((word) => (isLoad ? strip(word, aliases) : (aliases.get(word.toLowerCase()) ?? word)));
  return second === "" && rest.length === 0 ? command : [name, first, ...words];
}

function strip(script: string, aliases: Map<string, string>): string {
  const stripped = script.replace(/^#!lua[^\n]*/, "");
  if (stripped !== script) aliases.set(sha1(script), sha1(stripped));
  return stripped;
}

function withReceivedSha([name = "", subcommand = "", script = ""]: string[], reply: Reply): Reply {
  const isLoad = name.toLowerCase() === "script" && subcommand.toLowerCase() === "load";
  return isLoad && typeof reply === "string" ? sha1(script) : reply;
}

function sha1(binary: string): string {
  return createHash("sha1").update(binary, "latin1").digest("hex");
}

function toItem(reply: Reply, encoding: Encoding): Item {
  return reply instanceof CommandError ? { error: toText(reply.message) } : { result: toResult(reply, encoding) };
}

/** With base64 every string is encoded, at any depth, except a status OK: clients pass that one through undecoded. */
function toResult(reply: Reply, encoding: Encoding): unknown {
  if (reply === null || typeof reply === "number") return reply;
  if (Array.isArray(reply)) return reply.map((item) => toResult(item, encoding));
  if (reply instanceof CommandError) return toResult(reply.message, encoding);
  if (typeof reply !== "string") return reply.status === "OK" ? "OK" : toResult(reply.status, encoding);
  return encoding === "base64" ? Buffer.from(reply, "latin1").toString("base64") : toText(reply);
}
