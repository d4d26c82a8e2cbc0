/**
 * A stream seen through one buffer: `bytes` from `start` to `end` are the next unread ones. The buffer may be replaced by every call that
 * reads, so nothing may keep it.
 */
export interface ByteWindow {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** Bytes that the stream has given so far. */
  streamed: number;
  /** Reads until `count` unread bytes are in the buffer, which must not be more than it holds; false when the stream ends before. */
  fill(count: number): Promise<boolean>;
  /** Drops the next `count` bytes, which may be more than the buffer holds; false when the stream ends before. */
  skip(count: number): Promise<boolean>;
  cancel(): Promise<void>;
}

/** How many bytes a read waits for where the platform can: it hands out 4 KiB at a time otherwise. */
const READ_AT_LEAST_BYTES = 32 * 1024;

/** @param capacity bytes of the buffer, the most that `fill` can be asked for. */
export function openByteWindow({ stream, capacity }: { stream: ReadableStream<Uint8Array>; capacity: number }): ByteWindow {
  const byobReader = openByobReader(stream);
  return byobReader === undefined ? openPlainWindow({ stream, capacity }) : openByobWindow({ reader: byobReader, capacity });
}

/** The platform fills our own buffer, which moves out for the time of the read and comes back in its result. */
function openByobWindow({ reader, capacity }: { reader: ReadAtLeast; capacity: number }): ByteWindow {
  const window: ByteWindow = {
    bytes: new Uint8Array(capacity),
    start: 0,
    end: 0,
    streamed: 0,
    async fill(count) {
      if (window.start + count > capacity) makeRoom(window);
      while (window.end - window.start < count) {
        const room = capacity - window.end;
        const { done, value } = await reader.readAtLeast(Math.min(READ_AT_LEAST_BYTES, room), window.bytes.subarray(window.end));
        if (value !== undefined) {
          window.bytes = new Uint8Array(value.buffer);
          window.end += value.byteLength;
          window.streamed += value.byteLength;
        }
        if (done) return window.end - window.start >= count;
      }
      return true;
    },
    async skip(count) {
      let rest = count;
      while (rest > window.end - window.start) {
        rest -= window.end - window.start;
        window.start = window.end = 0;
        if (!(await window.fill(Math.min(rest, capacity)))) return false;
      }
      window.start += rest;
      return true;
    },
    cancel: () => reader.cancel(),
  };
  return window;
}

/** Chunks are copied into the buffer as far as they fit, and only when their bytes are wanted. */
function openPlainWindow({ stream, capacity }: { stream: ReadableStream<Uint8Array>; capacity: number }): ByteWindow {
  const reader = stream.getReader();
  let chunk: Uint8Array = new Uint8Array(0);

  async function nextChunk(): Promise<boolean> {
    const { done, value } = await reader.read();
    if (done) return false;
    chunk = value;
    window.streamed += value.byteLength;
    return true;
  }

  const window: ByteWindow = {
    bytes: new Uint8Array(capacity),
    start: 0,
    end: 0,
    streamed: 0,
    async fill(count) {
      if (window.start + count > capacity) makeRoom(window);
      while (window.end - window.start < count) {
        if (chunk.byteLength === 0 && !(await nextChunk())) return false;
        const taken = chunk.subarray(0, capacity - window.end);
        window.bytes.set(taken, window.end);
        window.end += taken.byteLength;
        chunk = chunk.subarray(taken.byteLength);
      }
      return true;
    },
    async skip(count) {
      const buffered = Math.min(count, window.end - window.start);
      window.start += buffered;
      let rest = count - buffered;
      while (rest > 0) {
        if (chunk.byteLength === 0 && !(await nextChunk())) return false;
        const dropped = Math.min(rest, chunk.byteLength);
        chunk = chunk.subarray(dropped);
        rest -= dropped;
      }
      return true;
    },
    cancel: () => reader.cancel(),
  };
  return window;
}

/** Moves the unread bytes to the front of the buffer. */
function makeRoom(window: ByteWindow): void {
  window.bytes.copyWithin(0, window.start, window.end);
  window.end -= window.start;
  window.start = 0;
}

/** What workerd adds to the standard's reader. */
interface ReadAtLeast {
  readAtLeast(minBytes: number, view: Uint8Array): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

function openByobReader(stream: ReadableStream<Uint8Array>): ReadAtLeast | undefined {
  if (typeof ReadableStreamBYOBReader === "undefined" || !("readAtLeast" in ReadableStreamBYOBReader.prototype)) return undefined;
  return stream.getReader({ mode: "byob" }) as unknown as ReadAtLeast;
}
