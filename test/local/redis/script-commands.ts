import type { Command, CommandTable } from "./command.ts";
import { CommandError, OK, type Reply } from "./engine.ts";
import { toIndex } from "./numbers.ts";
import { createScriptRuntime, type ScriptRuntime } from "./script-runtime.ts";

/** @param call runs one command for a script and never throws. @returns EVAL, EVALSHA and SCRIPT over one Lua machine. */
export function createScriptCommands(call: (command: string[]) => Reply): CommandTable {
  const runtime = createScriptRuntime(call);
  return {
    eval: evaluating(runtime, (script) => runtime.load(script)),
    evalsha: evaluating(runtime, (sha) => {
      if (!runtime.has(sha.toLowerCase())) throw new CommandError("NOSCRIPT No matching script. Please use EVAL.");
      return sha.toLowerCase();
    }),
    script: { arity: -2, run: (_keyspace, args) => script(runtime, args) },
  };
}

function evaluating(runtime: ScriptRuntime, toSha: (word: string) => string): Command {
  return {
    arity: -3,
    run(_keyspace, [word = "", keyCountText = "", ...rest]) {
      const keyCount = toIndex(keyCountText);
      if (keyCount > rest.length) throw new CommandError("ERR Number of keys can't be greater than number of args");
      if (keyCount < 0) throw new CommandError("ERR Number of keys can't be negative");
      return runtime.run({ sha: toSha(word), keys: rest.slice(0, keyCount), args: rest.slice(keyCount) });
    },
  };
}

function script(runtime: ScriptRuntime, [subcommand = "", ...args]: string[]): Reply {
  switch (subcommand.toLowerCase()) {
    case "load":
      return runtime.load(args[0] ?? "");
    case "exists":
      return args.map((sha) => (runtime.has(sha.toLowerCase()) ? 1 : 0));
    case "flush":
      runtime.clear();
      return OK;
    default:
      throw new CommandError(`ERR unknown subcommand '${subcommand}'. Try SCRIPT HELP.`);
  }
}
