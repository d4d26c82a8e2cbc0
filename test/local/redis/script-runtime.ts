import { createHash } from "node:crypto";
import { pushCjson } from "./cjson.ts";
import { CommandError, type Reply } from "./engine.ts";
import { type LuaFunction, type LuaState, lauxlib, lua, lualib, pushBinary, toBinaryAt, toLuaBytes } from "./fengari.ts";
import { formatDouble } from "./numbers.ts";

/** Runs Redis scripts in one Lua machine. Nothing is awaited while a script runs, so it is atomic. */
export interface ScriptRuntime {
  /** @returns the SHA-1 of the script, compiled and kept. @throws CommandError when it does not compile. */
  load(script: string): string;
  has(sha: string): boolean;
  /** @returns what the script returns. Its `sha` must be loaded. */
  run({ sha, keys, args }: { sha: string; keys: string[]; args: string[] }): Reply;
  clear(): void;
}

const STACK_SLOTS = 4;

// What Lua 5.1 in Redis lacks is taken away, so that a script that needs it fails here too.
const PRELUDE = `
local undefined, readonly, redis, cjson = ...
local getinfo = debug.getinfo
local env, globals = {}, { redis = redis, cjson = cjson, unpack = table.unpack }
for _, name in ipairs({ 'assert', 'error', 'getmetatable', 'ipairs', 'next', 'pairs', 'rawequal', 'rawget', 'rawset',
  'select', 'setmetatable', 'tonumber', 'tostring', 'type', 'xpcall', 'math', 'string', 'table' }) do globals[name] = _G[name] end
globals._G = env
table.pack, table.unpack, table.move = nil, nil, nil
string.pack, string.unpack, string.packsize = nil, nil, nil
math.tointeger, math.type, math.ult, math.maxinteger, math.mininteger = nil, nil, nil, nil, nil
local floor, ceil = math.floor, math.ceil
function math.floor(x) return floor(x) + 0 end
function math.ceil(x) return ceil(x) + 0 end
local function plain(ok, first, ...)
  if not ok and type(first) == 'table' and type(first.err) == 'string' then return false, first.err end
  return ok, first, ...
end
function globals.pcall(f, ...) return plain(pcall(f, ...)) end
setmetatable(globals, { __index = undefined })
setmetatable(env, { __index = globals, __newindex = readonly })
local function on_error(err)
  local info = getinfo(2, 'nSl')
  if info and info.what == 'J' then info = getinfo(3, 'nSl') end
  if type(err) ~= 'table' then err = { err = 'ERR ' .. tostring(err) } end
  if info then err.source, err.line = info.source, info.currentline end
  return err
end
return on_error, globals, env`;

/** @param call runs one command for a script and never throws; a failure is an answer. */
export function createScriptRuntime(call: (command: string[]) => Reply): ScriptRuntime {
  const state = lauxlib.luaL_newstate();
  lualib.luaL_openlibs(state);
  const { handler, globals, env } = prepare(state, call);
  const functions = new Map<string, number>();

  return {
    load(script) {
      const sha = createHash("sha1").update(script, "latin1").digest("hex");
      if (!functions.has(sha)) functions.set(sha, compile({ state, script, env }));
      return sha;
    },
    has: (sha) => functions.has(sha),
    run({ sha, keys, args }) {
      lua.lua_settop(state, 0);
      pushRef(state, handler);
      pushRef(state, globals);
      setStrings(state, "KEYS", keys);
      setStrings(state, "ARGV", args);
      pushRef(state, functions.get(sha) ?? 0);
      const outcome = lua.lua_pcall(state, 0, 1, 1);
      const reply = outcome === lua.LUA_OK ? toReply(state, lua.lua_gettop(state)) : failure(state, sha);
      lua.lua_settop(state, 0);
      return reply;
    },
    clear: () => functions.clear(),
  };
}

/** Builds the guarded globals. @returns registry references of the error handler, the globals and their guarded view. */
function prepare(state: LuaState, call: (command: string[]) => Reply): { handler: number; globals: number; env: number } {
  lauxlib.luaL_loadbuffer(state, toLuaBytes(PRELUDE), PRELUDE.length, toLuaBytes("@prelude"));
  lua.lua_pushcfunction(state, (current) => raise(current, "Script attempted to access nonexistent global variable '%s'"));
  lua.lua_pushcfunction(state, (current) => raise(current, "Attempt to modify a readonly table"));
  pushRedis(state, call);
  pushCjson(state);
  if (lua.lua_pcall(state, 4, 3, 0) !== lua.LUA_OK) throw new Error(toBinaryAt(state, -1));
  const env = lauxlib.luaL_ref(state, lua.LUA_REGISTRYINDEX);
  const globals = lauxlib.luaL_ref(state, lua.LUA_REGISTRYINDEX);
  const handler = lauxlib.luaL_ref(state, lua.LUA_REGISTRYINDEX);
  return { handler, globals, env };
}

/** Raises for the global whose name is the second argument, as metamethods get it. */
function raise(state: LuaState, message: string): never {
  const name = lua.lua_type(state, 2) === lua.LUA_TSTRING ? toBinaryAt(state, 2) : "?";
  return lauxlib.luaL_error(state, toLuaBytes(message), toLuaBytes(name));
}

function pushRedis(state: LuaState, call: (command: string[]) => Reply): void {
  const functions: Record<string, LuaFunction> = {
    call: (current) => callCommand({ state: current, call, raises: true }),
    pcall: (current) => callCommand({ state: current, call, raises: false }),
    status_reply(current) {
      pushReply(current, { status: toBinaryAt(current, 1) });
      return 1;
    },
    error_reply(current) {
      pushReply(current, new CommandError(withErrorCode(toBinaryAt(current, 1))));
      return 1;
    },
    sha1hex(current) {
      pushBinary(current, createHash("sha1").update(toBinaryAt(current, 1), "latin1").digest("hex"));
      return 1;
    },
  };
  lua.lua_createtable(state, 0, 0);
  for (const [name, run] of Object.entries(functions)) {
    lua.lua_pushcfunction(state, run);
    lua.lua_setfield(state, -2, toLuaBytes(name));
  }
}

/** An error that a script words itself: `-CODE text` and `CODE text` stay, a lone word gets the code ERR. */
function withErrorCode(message: string): string {
  const bare = message.startsWith("-") ? message.slice(1) : message;
  return bare.includes(" ") ? bare : `ERR ${bare}`;
}

function callCommand({ state, call, raises }: { state: LuaState; call: (command: string[]) => Reply; raises: boolean }): number {
  const reply = callWithArguments(state, call);
  lua.lua_settop(state, 0);
  pushReply(state, reply);
  return raises && reply instanceof CommandError ? lua.lua_error(state) : 1;
}

function callWithArguments(state: LuaState, call: (command: string[]) => Reply): Reply {
  const command: string[] = [];
  for (let index = 1; index <= lua.lua_gettop(state); index += 1) {
    const type = lua.lua_type(state, index);
    if (type === lua.LUA_TNUMBER) command.push(formatDouble(lua.lua_tonumber(state, index)));
    else if (type === lua.LUA_TSTRING) command.push(toBinaryAt(state, index));
    else return new CommandError("ERR Lua redis lib command arguments must be strings or integers");
  }
  if (command.length === 0) return new CommandError("ERR Please specify at least one argument for this redis lib call");
  return call(command);
}

function compile({ state, script, env }: { state: LuaState; script: string; env: number }): number {
  const status = lauxlib.luaL_loadbuffer(state, toLuaBytes(script), script.length, toLuaBytes("@user_script"));
  if (status !== lua.LUA_OK) {
    const message = toBinaryAt(state, -1);
    lua.lua_settop(state, 0);
    throw new CommandError(`ERR Error compiling script (new function): ${message}`);
  }
  pushRef(state, env);
  lua.lua_setupvalue(state, -2, 1);
  return lauxlib.luaL_ref(state, lua.LUA_REGISTRYINDEX);
}

/** @returns the error that the handler left on the stack, with the script and line it came from. */
function failure(state: LuaState, sha: string): CommandError {
  const index = lua.lua_gettop(state);
  const [message, source, line] = ["err", "source", "line"].map((name) => {
    lua.lua_getfield(state, index, toLuaBytes(name));
    return lua.lua_type(state, -1) === lua.LUA_TNIL ? undefined : toBinaryAt(state, -1);
  });
  const where = source === undefined ? "" : `, on ${source}:${line}.`;
  return new CommandError(`${message ?? "ERR unknown error"} script: ${sha}${where}`);
}

function pushReply(state: LuaState, reply: Reply): void {
  lauxlib.luaL_checkstack(state, STACK_SLOTS, toLuaBytes("reply is nested too deeply"));
  if (typeof reply === "string") pushBinary(state, reply);
  else if (typeof reply === "number") lua.lua_pushnumber(state, reply);
  else if (reply === null) lua.lua_pushboolean(state, false);
  else if (Array.isArray(reply)) {
    lua.lua_createtable(state, reply.length, 0);
    for (const [index, item] of reply.entries()) {
      pushReply(state, item);
      lua.lua_rawseti(state, -2, index + 1);
    }
  } else {
    const [field, text] = reply instanceof CommandError ? ["err", reply.message] : ["ok", reply.status];
    lua.lua_createtable(state, 0, 1);
    pushBinary(state, text);
    lua.lua_setfield(state, -2, toLuaBytes(field));
  }
}

/** Redis' conversion: numbers lose their fraction, false and nil are null, a table ends at its first nil. @param index positive. */
function toReply(state: LuaState, index: number): Reply {
  lauxlib.luaL_checkstack(state, STACK_SLOTS, toLuaBytes("reached lua stack limit"));
  switch (lua.lua_type(state, index)) {
    case lua.LUA_TSTRING:
      return toBinaryAt(state, index);
    case lua.LUA_TNUMBER:
      return toInt64(lua.lua_tonumber(state, index));
    case lua.LUA_TBOOLEAN:
      return lua.lua_toboolean(state, index) ? 1 : null;
    case lua.LUA_TTABLE:
      return tableToReply(state, index);
    default:
      return null;
  }
}

/** As a cast in C: what 64 bits do not hold, not-a-number included, is the smallest integer. */
function toInt64(value: number): number {
  return Math.abs(value) < 2 ** 63 ? Math.trunc(value) : -(2 ** 63);
}

function tableToReply(state: LuaState, index: number): Reply {
  const error = rawTextField(state, index, "err");
  if (error !== undefined) return new CommandError(error);
  const status = rawTextField(state, index, "ok");
  if (status !== undefined) return { status };
  const items: Reply[] = [];
  for (let position = 1; ; position += 1) {
    const type = lua.lua_rawgeti(state, index, position);
    if (type !== lua.LUA_TNIL) items.push(toReply(state, lua.lua_gettop(state)));
    lua.lua_pop(state, 1);
    if (type === lua.LUA_TNIL) return items;
  }
}

function rawTextField(state: LuaState, index: number, name: string): string | undefined {
  pushBinary(state, name);
  const text = lua.lua_rawget(state, index) === lua.LUA_TSTRING ? toBinaryAt(state, -1) : undefined;
  lua.lua_pop(state, 1);
  return text;
}

function pushRef(state: LuaState, reference: number): void {
  lua.lua_rawgeti(state, lua.LUA_REGISTRYINDEX, reference);
}

/** Sets a field of the table on top of the stack to an array of strings, whatever its metatable guards. */
function setStrings(state: LuaState, name: string, values: string[]): void {
  pushBinary(state, name);
  pushReply(state, values);
  lua.lua_rawset(state, -3);
}
