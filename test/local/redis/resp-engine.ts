import { connect, type Socket } from "node:net";
import { CommandError, type Engine, type Reply } from "./engine.ts";

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

interface Parsed {
  reply: Reply;
  /** Offset of the first byte behind the reply. */
  end: number;
}

/**
 * Speaks RESP2 to a real Redis server over one connection, so commands of one client keep their order.
 *
 * @returns an engine whose calls reject once the connection is gone.
 */
export async function connectRespEngine({ host, port }: { host: string; port: number }): Promise<Engine> {
  const socket = connect({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const waiting: Waiting[] = [];
  readReplies({ socket, waiting });

  function send(commands: string[][]): Promise<Reply[]> {
    if (socket.destroyed) return Promise.reject(new Error("The connection to redis-server is closed"));
    const replies = commands.map(() => new Promise<Reply>((resolve, reject) => waiting.push({ resolve, reject })));
    socket.write(commands.map(encodeCommand).join(""), "latin1");
    return Promise.all(replies);
  }

  return {
    async execute(command) {
      const [reply = null] = await send([command]);
      return reply;
    },
    async transaction(commands) {
      const result = (await send([["MULTI"], ...commands, ["EXEC"]])).at(-1);
      return Array.isArray(result) ? result : new CommandError(result instanceof CommandError ? result.message : "EXECABORT");
    },
    close: () => new Promise((resolve) => socket.once("close", () => resolve()).destroy()),
  };
}

function encodeCommand(command: string[]): string {
  return `*${command.length}\r\n${command.map((part) => `$${part.length}\r\n${part}\r\n`).join("")}`;
}

function readReplies({ socket, waiting }: { socket: Socket; waiting: Waiting[] }): void {
  let buffered = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (let parsed = parseReply(buffered, 0); parsed !== undefined; parsed = parseReply(buffered, 0)) {
      buffered = buffered.subarray(parsed.end);
      waiting.shift()?.resolve(parsed.reply);
    }
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    for (const { reject } of waiting.splice(0)) reject(new Error("The connection to redis-server was lost"));
  });
}

/** @returns undefined while the reply has not fully arrived. */
function parseReply(buffer: Buffer, start: number): Parsed | undefined {
  const lineEnd = buffer.indexOf("\r\n", start);
  if (lineEnd === -1) return undefined;
  const line = buffer.toString("latin1", start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (buffer.toString("latin1", start, start + 1)) {
    case "+":
      return { reply: { status: line }, end };
    case "-":
      return { reply: new CommandError(line), end };
    case ":":
      return { reply: Number(line), end };
    case "$":
      return parseBulk({ buffer, length: Number(line), start: end });
    case "*":
      return parseArray({ buffer, length: Number(line), start: end });
    default:
      throw new Error(`Not a RESP2 reply: ${line}`);
  }
}

function parseBulk({ buffer, length, start }: { buffer: Buffer; length: number; start: number }): Parsed | undefined {
  if (length === -1) return { reply: null, end: start };
  const end = start + length + 2;
  return buffer.length < end ? undefined : { reply: buffer.toString("latin1", start, start + length), end };
}

function parseArray({ buffer, length, start }: { buffer: Buffer; length: number; start: number }): Parsed | undefined {
  if (length === -1) return { reply: null, end: start };
  const items: Reply[] = [];
  let end = start;
  for (let index = 0; index < length; index += 1) {
    const item = parseReply(buffer, end);
    if (item === undefined) return undefined;
    items.push(item.reply);
    end = item.end;
  }
  return { reply: items, end };
}
