import type { PythonCode } from "./python-code.ts";

/** The exceptions of the language. Warnings are none that is raised by hand. */
const BUILT_IN =
  /^(?:BaseException|Exception|(?:Arithmetic|Assertion|Attribute|BlockingIO|BrokenPipe|Buffer|ChildProcess|Connection(?:Aborted|Refused|Reset)?|EOF|FileExists|FileNotFound|FloatingPoint|Import|Indentation|Index|Interrupted|IO|IsADirectory|Key|Lookup|Memory|ModuleNotFound|Name|NotADirectory|NotImplemented|OS|Overflow|Permission|ProcessLookup|Recursion|Reference|Runtime|Syntax|System|Tab|Timeout|Type|UnboundLocal|Unicode(?:Decode|Encode|Translate)?|Value|ZeroDivision)Error|StopIteration|StopAsyncIteration|SystemExit|KeyboardInterrupt|GeneratorExit)$/;

/**
 * - `except-kind`: each `except` clause, by what it catches: anything, `Exception`, or what it names.
 * - `except-name`: each `except` clause that binds a name.
 * - `empty-except`: each `except` clause, by whether it does nothing but `pass`.
 * - `raised-kind`: each `raise` of a class that is named in full, with arguments or without.
 * - `raise-from`: each `raise` of a new exception directly in an `except` clause that names what it catches.
 */
export function pythonErrorFacts(code: PythonCode): void {
  for (const at of code.at("except")) if (code.beginsStatement(at)) exceptFacts(code, at);
  for (const at of code.at("raise")) raiseFact(code, at);
}

function exceptFacts(code: PythonCode, at: number): void {
  const colon = code.colonOf(at);
  if (colon === -1) return;
  const isBroad = colon === at + 2 && /^(?:Base)?Exception$/.test(code.text(at + 1));
  const isBroadNamed = code.is(at + 2, "as") && /^(?:Base)?Exception$/.test(code.text(at + 1));
  code.emit("except-kind", colon === at + 1 ? "bare" : isBroad || isBroadNamed ? "Exception" : "named", at, colon);
  const isBound = code.is(colon - 2, "as") && code.isWord(colon - 1);
  if (isBound) code.emit("except-name", code.text(colon - 1), colon - 1);
  const body = code.blockAfter(colon);
  const first = body === -1 ? colon + 1 : body + 1;
  const isOnly = body === -1 || code.statements(body).length === 1;
  const isEmpty = isOnly && (code.is(first, "pass") || code.is(first, "...")) && code.endsStatement(first + 1);
  code.emit("empty-except", isEmpty ? "empty" : "handled", at, body === -1 ? code.endOfStatement(colon) : code.lastOf(body));
  if (body !== -1 && isBound) causeFacts(code, body);
}

function causeFacts(code: PythonCode, body: number): void {
  for (const at of code.statements(body)) {
    if (!code.is(at, "raise") || code.endsStatement(at + 1)) continue;
    const call = endOfPath(code, at + 1);
    if (!code.is(call + 1, "(") || code.partner(call + 1) === -1) continue;
    const from = code.partner(call + 1) + 1;
    if (code.is(from, "from"))
      code.emit("raise-from", code.is(from + 1, "None") ? "from None" : "from what was caught", at, from + 1);
    else if (code.endsStatement(from)) code.emit("raise-from", "without from", at, from - 1);
  }
}

function raiseFact(code: PythonCode, at: number): void {
  if (!code.beginsStatement(at)) return;
  const last = endOfPath(code, at + 1);
  const name = code.text(last);
  if (!/^_?[A-Z][A-Za-z0-9]*[a-z]/.test(name)) return;
  const after = code.is(last + 1, "(") ? code.partner(last + 1) + 1 : last + 1;
  if (after === 0 || !(code.endsStatement(after) || code.is(after, "from"))) return;
  code.emit("raised-kind", BUILT_IN.test(name) ? "built-in" : "own class", at, last);
}

function endOfPath(code: PythonCode, from: number): number {
  let at = from;
  while (code.isWord(at) && code.is(at + 1, ".") && code.isWord(at + 2)) at += 2;
  return at;
}
