import { describe, expect, it } from "vitest";
import { describeConvention } from "../../functions/ingestion/mining/describe-convention.ts";
import { PYTHON_WORDS } from "../../functions/ingestion/mining/describe-python.ts";
import { openFactReader } from "../../functions/ingestion/mining/read-facts.ts";
import { readCorpus } from "./read-corpus.ts";

const readFacts = openFactReader();

/** `value@line` or `value@line-endLine` of each fact of a slot, in the order of the source. */
function factsOf({ slot, source, path = "src/app/a.py" }: { slot: string; source: string; path?: string }): string[] {
  return readFacts({ path, source })
    .filter((fact) => fact.slot === `python:${slot}`)
    .sort((left, right) => left.line - right.line)
    .map(({ value, line, endLine }) => `${value}@${line}${endLine === line ? "" : `-${endLine}`}`);
}

type Row = readonly [source: string, ...expected: string[]];

/** Of each slot: every value, with its lines, and what is no opportunity. A path may stand before the source: `path: source`. */
const ROWS: Readonly<Record<string, readonly Row[]>> = {
  "import-path": [
    [
      "from . import b\nfrom ..c import d\nfrom app.e import f\nimport app",
      "relative@1",
      "relative@2",
      "absolute@3",
      "absolute@4",
    ],
    ["from flask import Flask\nimport os.path"],
  ],
  "import-form:numpy": [
    ["import numpy\nimport numpy as np\nfrom numpy import (\n  a,\n)", "import@1", "import as np@2", "from@3-5"],
    ["import numpy.random\nfrom .numpy import a"],
  ],
  "import-names": [["from a import b\nfrom c import *\nimport d", "by name@1", "all@2"]],
  "import-line": [["import a\nimport b, c as d\nfrom e import f, g", "one@1", "several@2"]],
  "import-order": [
    ["import os\nimport flask\nfrom . import a", "standard library first@1-3"],
    ["import flask\n\nimport os", "mixed@1-3"],
    ["import os\nimport sys\nfrom __future__ import annotations\ndef f():\n  import flask"],
  ],
  "import-gap": [
    ["import os\n\nimport flask\nfrom . import a", "blank line@1-3", "no blank line@3-4"],
    ["import os\nx = 1\n\nimport flask"],
  ],
  "function-case": [
    [
      "def read_it(): pass\nasync def readIt(): pass\nclass A:\n  def Read_it(self): pass",
      "snake_case@1",
      "camelCase@2",
      "mixed case@4",
    ],
    ["def read(): pass\nclass A:\n  def __init__(self): pass"],
  ],
  "class-case": [["class ReadIt: pass\nclass read_it(A):\n  pass", "PascalCase@1", "snake_case@2"]],
  "constant-case": [
    ["MAX_SIZE = 1\nmax_size = 'a'\nname = 2\n_A = 3\n", "UPPER_CASE@1", "snake_case@2", "snake_case@3", "UPPER_CASE@4"],
    ["__version__ = '1'\nA = f()\nB = 1 + 2\ndef f():\n  C = 1"],
  ],
  "variable-case": [
    ["def f():\n  a_b = 1\n  if c:\n    aB = 2\n  def g():\n    c_d = 3", "snake_case@2", "camelCase@4", "snake_case@6"],
    ["a_b = 1\ndef f(a_b=1):\n  g(c_d=2)\n  self.e_f = 3"],
  ],
  "parameter-case": [["def f(self, a_b, *, cD: int = 1, **e_f): pass", "snake_case@1", "camelCase@1", "snake_case@1"]],
  "private-method": [
    ["class A:\n  def _a(self): pass\n  def __b(self): pass\n  def __c__(self): pass", "one underscore@2", "two underscores@3"],
    ["def _a(): pass"],
  ],
  "exception-name": [
    [
      "class AError(Exception): pass\nclass BException(AError):\n  pass\nclass C(x.ValueError, D): pass",
      "Error@1",
      "Exception@2",
      "otherwise@4",
    ],
    ["class A(B): pass\nclass CError: pass"],
  ],
  "file-case": [
    ["src/read_it.py: x", "snake_case@1"],
    ["src/readIt.py: x", "camelCase@1"],
    ["tests/test_read_it.py: x", "snake_case@1"],
    ["src/read-it.py: x", "kebab-case@1"],
    ["tests/test_read.py: x"],
    ["src/__init__.py: x"],
  ],
  "parameter-type": [
    [
      "def f(a, b: int, c=1, d: str = 'e', *f, **g): pass\nclass A:\n  def f(self, h): pass",
      "left out@1",
      "annotated@1",
      "left out@1",
      "annotated@1",
      "left out@3",
    ],
    ["lambda a, b: a"],
  ],
  "return-type": [
    ["def f() -> int: pass\ndef g(a,\n  b): pass\nclass A:\n  def __init__(self): pass", "annotated@1", "left out@2-3"],
  ],
  "optional-type": [
    [
      "a: Optional[int] = b\nc: typing.Optional[int]\ndef f(d: int | None, e: None | str): pass",
      "Optional@1",
      "Optional@2",
      "| None@3",
      "| None@3",
    ],
    ["x = a | b"],
  ],
  "generic-type": [
    [
      "a: List[int]\nb: typing.Dict[str, int]\nc: list[int]\ndef f() -> dict[str, int]: pass",
      "typing@1",
      "typing@2",
      "built-in@3",
      "built-in@4",
    ],
    ["list[0]\ndict['a'] = 1\nx = self.list[a]"],
  ],
  docstring: [
    [
      'def f():\n  """A."""\ndef g():\n  pass\nclass A:\n  "B"\n  def h(self):\n    return 1',
      "written@1",
      "left out@3",
      "written@5",
      "left out@7",
    ],
    ["def _f():\n  pass\ndef g(): pass\ndef h():\n  'a'\n  def i():\n    pass", "written@4"],
    ["tests/test_a.py: def f():\n  pass"],
  ],
  "docstring-quotes": [[`def f():\n  """A."""\ndef g():\n  r'''B.'''\nclass C:\n  "D"`, `"""@2`, "'''@4", `"@6`]],
  "docstring-start": [
    ['def f():\n  """A.\n  """\ndef g():\n  """\n  B."""', "the line of the quotes@2", "the line after the quotes@5"],
    ['def f():\n  """A."""'],
  ],
  asynchrony: [["async def f(): pass\ndef g(): pass", "async@1", "sync@2"], ["def f(): pass"]],
  "class-base": [["class A: pass\nclass B(): pass\nclass C(object): pass\nclass D(E): pass", "none@1", "()@2", "(object)@3"]],
  "super-call": [["super().f()\nsuper(A, self).f()", "without arguments@1", "with arguments@2"]],
  "except-kind": [
    [
      "try: pass\nexcept: a\ntry: pass\nexcept Exception: b\ntry: pass\nexcept Exception as e: c\nexcept (KeyError, d.E): pass\nelse: f",
      "bare@2",
      "Exception@4",
      "Exception@6",
      "named@7",
    ],
  ],
  "except-name": [["try: pass\nexcept A as e: pass\nexcept B: pass\nexcept (C, D) as error: pass", "e@2", "error@4"]],
  "empty-except": [
    [
      "try: pass\nexcept A: pass\nexcept B:\n  ...\nexcept C:\n  # nothing\n  pass\nexcept D:\n  log()\n  pass",
      "empty@2",
      "empty@3-4",
      "empty@5-7",
      "handled@8-10",
    ],
  ],
  "raised-kind": [
    [
      "raise ValueError\nraise ValueError('a') from b\nraise AppError()\nraise app.AppError",
      "built-in@1",
      "built-in@2",
      "own class@3",
      "own class@4",
    ],
    ["raise\nraise error\nraise make()\nraise A().b"],
  ],
  "raise-from": [
    [
      "try: pass\nexcept A as e:\n  raise B(e) from e\nexcept C as e:\n  raise D from None\nexcept E as e:\n  log()\n  raise F(\n    e)\nexcept G as e:\n  raise H() from None",
      "from what was caught@3",
      "without from@8-9",
      "from None@11",
    ],
    ["raise A()\ntry: pass\nexcept B:\n  raise C()\nexcept D as e:\n  raise\nexcept E as e:\n  if f:\n    raise G()"],
  ],
  formatting: [
    [`f"a{b}c{d}"\n"a{}".format(b)\n"a%s" % b\n'%s' % (c,)`, "f-string@1", "format()@2", "%@3", "%@4"],
    [`f"a"\nlog.info("a %s", b)\na % b\nx.format(c)`],
  ],
  "none-check": [["a is None\na is not None\na == None\nNone != a", "is@1", "is@2", "==@3"]],
  "file-open": [
    [
      "with open('a') as b: pass\nwith (open(c) as d,\n  open(e)): pass\nf = open(g)\njson.load(open(h))\nstack.enter_context(open(i))",
      "with@1",
      "with@2",
      "with@3",
      "without with@4",
      "without with@5",
      "with@6",
    ],
    ["def open(self): pass\nos.open(a)"],
  ],
  "list-building": [
    [
      "a = [b for b in c]\nd = []\nfor e in f:\n  if e:\n    d.append(e)\ng = []\nfor h in i:\n  g.append(h)",
      "comprehension@1",
      "append@3-5",
      "append@7-8",
    ],
    ["a[b]\nd = []\nfor e in f:\n  d.append(e)\n  g()\nh = []\nx = 1\nfor i in j:\n  h.append(i)"],
  ],
  "path-handling": [
    ["os.path.join(a)\nPath(b)\npathlib.Path(c)\nimport os.path\nself.path", "os.path@1", "pathlib@2", "pathlib@3"],
  ],
  logging: [
    ["print(a)\nlogger.info(b)\nself._logger.debug(c)\nlogging.error(d)", "print@1", "a logger@2", "a logger@3", "a logger@4"],
    ["tests/a.py: print(a)"],
    ["parser.error(a)\ndef print(b): pass"],
  ],
  "logger-name": [
    ["logger = logging.getLogger(__name__)\nLOG = logging.getLogger()", "logger@1", "LOG@2"],
    ["f(a=logging.getLogger())"],
  ],
  quotes: [
    [`a = "b"\nc = 'd'\ne = rb'f'\ng('h',\n  "i")`, "double@1", "single@2", "single@3", "single@4", "double@5"],
    [`'''a'''\n"it's"\n'a\\n'\n"doc"\nf"b"`],
  ],
  "trailing-comma": [
    [
      "a = [\n  b,\n]\nc(\n  d\n)\ne = {\n  f: g\n}\ndef h(\n  i,\n): pass\nfrom j import (\n  k\n)",
      "always@2-3",
      "left out@5-6",
      "left out@8-9",
      "always@11-12",
      "left out@14-15",
    ],
    ["a = [\n  b for b in c\n]\nd = (\n  e + f\n)\ng = [h,\n  i]\nj(\n  *k\n)\nl[\n  m\n]"],
  ],
  indent: [
    ["if a:\n    b\n    if c:\n        d", "4 spaces@2"],
    ["if a:\n  b\nif a:\n  b\nif a:\n    c", "2 spaces@2"],
    ["if a:\n\tb", "a tab@2"],
    ["if a: b"],
  ],
  "line-ending": [["a\n", "LF@1"], ["a\r\nb", "CRLF@1"], ["a"]],
  "test-form": [
    [
      "tests/test_a.py: def test_a(): pass\nclass TestB:\n  def test_c(self): pass\ndef helper(): pass",
      "functions@1",
      "methods@3",
    ],
    ["def test_a(): pass"],
  ],
  assertion: [
    [
      "tests/test_a.py: assert a\nself.assertEqual(b, c)\nself.assertRaises(d)",
      "assert@1",
      "self.assert…()@2",
      "self.assert…()@3",
    ],
    ["assert a"],
  ],
  "test-mark": [
    ["tests/test_a.py: def test_a(): pass", "test_*.py@1"],
    ["src/a_test.py: x\ndef test_a(): pass", "*_test.py@2"],
    ["tests/a.py: def test_a(): pass"],
  ],
  "test-place": [
    ["pkg/tests/test_a.py: def test_a(): pass", "in tests/@1"],
    ["src/test_a.py: def test_a(): pass", "beside the code@1"],
  ],
};

describe("The facts of Python", () => {
  it.each(Object.entries(ROWS))("%s: each decision with its lines, and nothing else", (slot, rows) => {
    for (const [text, ...expected] of rows) {
      const [, path, source = text] = /^(\S+\.py): (.*)$/s.exec(text) ?? [];
      expect(factsOf({ slot, source, ...(path === undefined ? {} : { path }) }), text).toEqual(expected);
    }
  });

  it("shows every slot and every worded value in the table above", () => {
    expect(Object.keys(ROWS).map((slot) => slot.split(":")[0])).toEqual(Object.keys(PYTHON_WORDS));
    for (const [slot, { values }] of Object.entries(PYTHON_WORDS)) {
      const rows = Object.entries(ROWS).find(([key]) => key.split(":")[0] === slot)?.[1] ?? [];
      const shown = rows.flatMap(([, ...expected]) => expected.map((each) => each.replace(/@[\d-]+$/, "")));
      for (const value of Object.keys(values ?? {}))
        expect(
          shown.some((each) => each.startsWith(value)),
          `${slot} = ${value}`,
        ).toBe(true);
    }
  });

  it("puts every fact of real programs into words, at lines that are there", () => {
    for (const { path, source } of readCorpus("node_modules/node-gyp/gyp", /\.py$/)) {
      const lines = source.split("\n").length;
      for (const { slot, value, line, endLine } of readFacts({ path, source })) {
        expect(describeConvention({ slot, value }).name).not.toMatch(/[{}]|undefined/);
        if (!(line >= 1 && endLine >= line && endLine <= lines)) expect.fail(`${path} ${slot} ${line}-${endLine}`);
      }
    }
  });
});
