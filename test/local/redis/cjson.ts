import { toBinary, toText } from "./engine.ts";
import { type LuaFunction, type LuaState, lauxlib, lua, pushBinary, toBinaryAt, toLuaBytes } from "./fengari.ts";
import { formatDouble } from "./numbers.ts";

const MAX_DEPTH = 1_000;
const STACK_SLOTS = 4;

/** What JSON's null is in Lua, where nil would vanish from tables. */
const NULL = {};

/** Pushes the table that scripts know as `cjson`: `encode`, `decode` and `null`. */
export function pushCjson(state: LuaState): void {
  lua.lua_createtable(state, 0, 3);
  lua.lua_pushcfunction(state, encode);
  lua.lua_setfield(state, -2, toLuaBytes("encode"));
  lua.lua_pushcfunction(state, decode);
  lua.lua_setfield(state, -2, toLuaBytes("decode"));
  lua.lua_pushlightuserdata(state, NULL);
  lua.lua_setfield(state, -2, toLuaBytes("null"));
}

const encode: LuaFunction = (state) => {
  const text = encodeAt(state, 1, 0);
  pushBinary(state, text);
  return 1;
};

const decode: LuaFunction = (state) => {
  const value = parse(state, toText(toBinaryAt(state, 1)));
  pushJson(state, value);
  return 1;
};

function parse(state: LuaState, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return lauxlib.luaL_error(state, toLuaBytes("Expected value but found invalid token at character 1"));
  }
}

function pushJson(state: LuaState, value: unknown): void {
  lauxlib.luaL_checkstack(state, STACK_SLOTS, toLuaBytes("JSON is nested too deeply"));
  if (typeof value === "string") pushBinary(state, toBinary(value));
  else if (typeof value === "number") lua.lua_pushnumber(state, value);
  else if (typeof value === "boolean") lua.lua_pushboolean(state, value);
  else if (value === null || typeof value !== "object") lua.lua_pushlightuserdata(state, NULL);
  else if (Array.isArray(value)) {
    lua.lua_createtable(state, value.length, 0);
    for (const [index, item] of value.entries()) {
      pushJson(state, item);
      lua.lua_rawseti(state, -2, index + 1);
    }
  } else {
    lua.lua_createtable(state, 0, 0);
    for (const [name, item] of Object.entries(value)) {
      pushBinary(state, toBinary(name));
      pushJson(state, item);
      lua.lua_rawset(state, -3);
    }
  }
}

/** @param index a positive stack index. @returns binary JSON. */
function encodeAt(state: LuaState, index: number, depth: number): string {
  if (depth > MAX_DEPTH) return lauxlib.luaL_error(state, toLuaBytes("Cannot serialise, excessive depth (1001)"));
  lauxlib.luaL_checkstack(state, STACK_SLOTS, toLuaBytes("table is nested too deeply"));
  switch (lua.lua_type(state, index)) {
    case lua.LUA_TNIL:
      return "null";
    case lua.LUA_TBOOLEAN:
      return String(lua.lua_toboolean(state, index));
    case lua.LUA_TNUMBER:
      return formatDouble(lua.lua_tonumber(state, index), 14);
    case lua.LUA_TSTRING:
      return encodeString(toBinaryAt(state, index));
    case lua.LUA_TTABLE:
      return encodeTable(state, index, depth);
    case lua.LUA_TLIGHTUSERDATA:
      if (lua.lua_touserdata(state, index) === NULL) return "null";
  }
  return lauxlib.luaL_error(state, toLuaBytes("Cannot serialise: type not supported"));
}

function encodeString(binary: string): string {
  return JSON.stringify(binary).replaceAll("/", "\\/").replaceAll("\x7f", "\\u007f");
}

/** A table whose keys are exactly 1…n is an array; an empty one is an object, as in Redis. */
function encodeTable(state: LuaState, index: number, depth: number): string {
  const entries: { key: string | number; json: string }[] = [];
  lua.lua_pushnil(state);
  while (lua.lua_next(state, index) !== 0) {
    const valueIndex = lua.lua_gettop(state);
    const isNumber = lua.lua_type(state, valueIndex - 1) === lua.LUA_TNUMBER;
    // A number must not be read as a string in place: that would change the key under lua_next.
    const key = isNumber ? lua.lua_tonumber(state, valueIndex - 1) : toBinaryAt(state, valueIndex - 1);
    entries.push({ key, json: encodeAt(state, valueIndex, depth + 1) });
    lua.lua_pop(state, 1);
  }
  if (entries.length > 0 && entries.length === lua.lua_rawlen(state, index)) {
    entries.sort((left, right) => Number(left.key) - Number(right.key));
    return `[${entries.map(({ json }) => json).join(",")}]`;
  }
  const members = entries.map(({ key, json }) => {
    const name = typeof key === "number" ? formatDouble(key, 14) : key;
    return `${encodeString(name)}:${json}`;
  });
  return `{${members.join(",")}}`;
}
