import { arityError, type CommandTable } from "./command.ts";
import { CommandError, type Engine, type Reply } from "./engine.ts";
import { hashCommands } from "./hash-commands.ts";
import { keyCommands } from "./key-commands.ts";
import { Keyspace } from "./keyspace.ts";
import { listCommands } from "./list-commands.ts";
import { createScriptCommands } from "./script-commands.ts";
import { setCommands } from "./set-commands.ts";
import { sortedSetCommands } from "./sorted-set-commands.ts";
import { stringCommands } from "./string-commands.ts";

/** How many commands may pass before keys that nobody asks for are checked for having expired. */
const COMMANDS_PER_SWEEP = 1_000;

/** How much of an unknown command its error quotes. */
const QUOTED_BYTES = 128;

const dataCommands: CommandTable = {
  ...keyCommands,
  ...stringCommands,
  ...hashCommands,
  ...listCommands,
  ...setCommands,
  ...sortedSetCommands,
};

/**
 * Redis 7 in memory, as far as a cache, counters, limits and locks need it. What it does not know it refuses as an unknown
 * command; what it knows answers as a real server does, errors included, which `test/contract/redis.test.ts` holds it to.
 */
export function createMemoryEngine(): Engine {
  const keyspace = new Keyspace();
  const commands: CommandTable = {
    ...dataCommands,
    ...createScriptCommands((command) => runForScript({ keyspace, command })),
  };
  let commandCount = 0;

  function run(command: string[]): Reply {
    keyspace.now = Date.now();
    commandCount += 1;
    if (commandCount % COMMANDS_PER_SWEEP === 0) for (const _ of keyspace.keys());
    return runCommand({ keyspace, commands, command });
  }

  return {
    execute: async (command) => run(command),
    async transaction(transaction) {
      const refused = transaction.some((command) => findCommand(commands, command) instanceof CommandError);
      if (refused) return new CommandError("EXECABORT Transaction discarded because of previous errors.");
      return transaction.map(run);
    },
    close: async () => keyspace.clear(),
  };
}

function runCommand({ keyspace, commands, command }: { keyspace: Keyspace; commands: CommandTable; command: string[] }): Reply {
  const found = findCommand(commands, command);
  if (found instanceof CommandError) return found;
  try {
    return found.run(keyspace, command.slice(1));
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
}

function findCommand(commands: CommandTable, words: string[]): CommandTable[string] | CommandError {
  const [name = "", ...args] = words;
  const lowerName = name.toLowerCase();
  const command = Object.hasOwn(commands, lowerName) ? commands[lowerName] : undefined;
  if (command === undefined) {
    let beginning = "";
    for (const arg of args)
      if (beginning.length < QUOTED_BYTES) beginning += `'${arg.slice(0, QUOTED_BYTES - beginning.length)}' `;
    return new CommandError(`ERR unknown command '${name.slice(0, QUOTED_BYTES)}', with args beginning with: ${beginning}`);
  }
  const fits = command.arity < 0 ? words.length >= -command.arity : words.length === command.arity;
  return fits ? command : arityError(lowerName);
}

/** Inside a script only data commands may run, and what is wrong with a call is worded differently. */
function runForScript({ keyspace, command }: { keyspace: Keyspace; command: string[] }): Reply {
  const name = command[0]?.toLowerCase() ?? "";
  if (/^(eval|evalsha|script|multi|exec)$/.test(name))
    return new CommandError("ERR This Redis command is not allowed from script");
  const found = findCommand(dataCommands, command);
  if (!(found instanceof CommandError)) return runCommand({ keyspace, commands: dataCommands, command });
  const known = Object.hasOwn(dataCommands, name);
  return new CommandError(
    known ? "ERR Wrong number of args calling Redis command from script" : "ERR Unknown Redis command called from script",
  );
}
