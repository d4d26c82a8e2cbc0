import { createRequire } from "node:module";
import { formatDouble } from "./numbers.ts";

/** The state of one Lua machine; only fengari looks inside. */
export interface LuaState {
  readonly lua: unique symbol;
}

/** A function that Lua can call: reads its arguments from the stack, pushes its results and answers how many. */
export type LuaFunction = (state: LuaState) => number;

/** The part of Lua's C API that is used here, as fengari spells it. Stack indexes are Lua's: 1 is the bottom, -1 the top. */
interface Lua {
  LUA_TNIL: number;
  LUA_TBOOLEAN: number;
  LUA_TLIGHTUSERDATA: number;
  LUA_TNUMBER: number;
  LUA_TSTRING: number;
  LUA_TTABLE: number;
  LUA_OK: number;
  LUA_REGISTRYINDEX: number;
  lua_createtable(state: LuaState, arraySize: number, hashSize: number): void;
  lua_error(state: LuaState): never;
  lua_getglobal(state: LuaState, name: Uint8Array): number;
  lua_getfield(state: LuaState, index: number, name: Uint8Array): number;
  lua_gettop(state: LuaState): number;
  lua_next(state: LuaState, index: number): number;
  lua_pcall(state: LuaState, argumentCount: number, resultCount: number, handlerIndex: number): number;
  lua_pop(state: LuaState, count: number): void;
  lua_pushboolean(state: LuaState, value: boolean): void;
  lua_pushcfunction(state: LuaState, value: LuaFunction): void;
  lua_pushlightuserdata(state: LuaState, value: object): void;
  lua_pushlstring(state: LuaState, bytes: Uint8Array, length: number): void;
  lua_pushnil(state: LuaState): void;
  lua_pushnumber(state: LuaState, value: number): void;
  lua_pushvalue(state: LuaState, index: number): void;
  lua_rawget(state: LuaState, index: number): number;
  lua_rawgeti(state: LuaState, index: number, position: number): number;
  lua_rawlen(state: LuaState, index: number): number;
  lua_rawset(state: LuaState, index: number): void;
  lua_rawseti(state: LuaState, index: number, position: number): void;
  lua_setfield(state: LuaState, index: number, name: Uint8Array): void;
  lua_settop(state: LuaState, index: number): void;
  lua_setupvalue(state: LuaState, index: number, position: number): Uint8Array | null;
  lua_toboolean(state: LuaState, index: number): boolean;
  lua_tonumber(state: LuaState, index: number): number;
  lua_tostring(state: LuaState, index: number): Uint8Array;
  lua_touserdata(state: LuaState, index: number): unknown;
  lua_type(state: LuaState, index: number): number;
}

interface LuaAuxiliary {
  luaL_checkstack(state: LuaState, slots: number, message: Uint8Array): void;
  luaL_error(state: LuaState, format: Uint8Array, ...values: Uint8Array[]): never;
  luaL_loadbuffer(state: LuaState, bytes: Uint8Array, size: number, name: Uint8Array): number;
  luaL_newstate(): LuaState;
  luaL_ref(state: LuaState, index: number): number;
}

interface LuaNumber {
  value: number;
  ttisinteger(): boolean;
  setfltvalue(value: number): void;
}

const require = createRequire(import.meta.url);

// Redis runs Lua 5.1, whose only number is a double; fengari runs Lua 5.3, whose integers it keeps in 32 bits, so that
// milliseconds would overflow. Numerals and number-like strings are therefore read as doubles, and written as 5.1 writes them.
require("fengari/src/defs.js");
const configuration: Record<string, unknown> = require("fengari/src/luaconf.js");
configuration.LUA_COMPAT_FLOATSTRING = true;
configuration.lua_number2str = (value: number) => formatDouble(value, 14);
const fengari: {
  lua: Lua;
  lauxlib: LuaAuxiliary;
  lualib: { luaL_openlibs(state: LuaState): void };
} = require("fengari");

const objects: { luaO_str2num(text: Uint8Array, target: LuaNumber): number } = require("fengari/src/lobject.js");
const readNumber = objects.luaO_str2num;
objects.luaO_str2num = (text, target) => {
  const read = readNumber(text, target);
  if (read > 0 && target.ttisinteger()) target.setfltvalue(target.value);
  return read;
};

export const { lua, lauxlib, lualib } = fengari;

/** @returns the bytes of a binary string, as Lua wants them. */
export function toLuaBytes(binary: string): Uint8Array {
  return Buffer.from(binary, "latin1");
}

/** @returns the binary string at a stack index that holds a string. */
export function toBinaryAt(state: LuaState, index: number): string {
  return Buffer.from(lua.lua_tostring(state, index)).toString("latin1");
}

export function pushBinary(state: LuaState, binary: string): void {
  lua.lua_pushlstring(state, toLuaBytes(binary), binary.length);
}
