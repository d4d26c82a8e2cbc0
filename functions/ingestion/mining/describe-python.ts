import { CASES, type SlotWords } from "./slot-words.ts";

const COMMA = { always: "written", "left out": "left out" };
const ANNOTATION = { annotated: "annotated", "left out": "not annotated" };

/** By slot without `python:`, the subject of one after its colon left out. */
export const PYTHON_WORDS: Readonly<Record<string, SlotWords>> = {
  "import-path": {
    kind: "dependency",
    name: "Python imports of the own package are {value}",
    counted: "Imports with dots, and those of a folder that the file itself is in.",
  },
  "import-form": {
    kind: "dependency",
    name: "`{subject}` is imported by `{value}`",
    counted: "Imports of this module in Python.",
    values: { import: "import …", from: "from … import …", "import as": "import … as …" },
    usual: /^(?:import|from)$/,
  },
  "import-names": {
    kind: "dependency",
    name: "Python imports from modules name {value}",
    counted: "Each `from … import`.",
    values: { "by name": "what they import", all: "nothing and take all (`*`)" },
    usual: /^by name$/,
  },
  "import-line": {
    kind: "structural",
    name: "An `import` of Python names {value}",
    counted: "Each `import` statement that is no `from`.",
    values: { one: "one module", several: "several modules" },
  },
  "import-order": {
    kind: "structural",
    name: "Python imports are {value}",
    counted: "Files that import modules of two origins: the standard library, other packages, relative ones.",
    values: {
      "standard library first": "in the order standard library, packages, relative",
      mixed: "in no order of their origins",
    },
  },
  "import-gap": {
    kind: "structural",
    name: "Between Python imports of different origins is {value}",
    counted: "Places where imports change between the standard library, other packages and relative ones.",
    values: { "blank line": "a blank line", "no blank line": "no blank line" },
  },
  "function-case": {
    kind: "naming",
    name: "Python functions are named in {value}",
    counted: `Functions and methods. ${CASES}`,
    usual: /^snake_case$/,
  },
  "class-case": {
    kind: "naming",
    name: "Python classes are named in {value}",
    counted: `Classes. ${CASES}`,
    usual: /^PascalCase$/,
  },
  "constant-case": {
    kind: "naming",
    name: "Constants of a Python module are named in {value}",
    counted: "Names of the outermost code that are assigned a number or a text.",
  },
  "variable-case": {
    kind: "naming",
    name: "Python variables are named in {value}",
    counted: `Plain names that are assigned inside of functions. ${CASES}`,
    usual: /^snake_case$/,
  },
  "parameter-case": {
    kind: "naming",
    name: "Python parameters are named in {value}",
    counted: `Parameters. ${CASES}`,
    usual: /^snake_case$/,
  },
  "private-method": {
    kind: "naming",
    name: "Private methods of Python begin with {value}",
    counted: "Methods whose name begins with an underscore; those with two on both sides do not count.",
    usual: /^one underscore$/,
  },
  "exception-name": {
    kind: "naming",
    name: "The names of Python exceptions {value}",
    counted: "Classes that extend one whose name ends in Error or Exception.",
    values: { Error: "end in Error", Exception: "end in Exception", otherwise: "end in neither Error nor Exception" },
  },
  "file-case": {
    kind: "file-naming",
    name: "Python files are named in {value}",
    counted: `Python files. ${CASES}`,
    usual: /^snake_case$/,
  },
  "parameter-type": {
    kind: "api",
    name: "Python parameters are {value}",
    counted: "Parameters; `self`, `cls` and those with a star do not count.",
    values: ANNOTATION,
  },
  "return-type": {
    kind: "api",
    name: "What Python functions return is {value}",
    counted: "Functions and methods; those such as `__init__` do not count.",
    values: ANNOTATION,
  },
  "optional-type": {
    kind: "structural",
    name: "Types that may be `None` are written `{value}`",
    counted: "Each `Optional[…]` and each `… | None`.",
    values: { Optional: "Optional[…]", "| None": "… | None" },
  },
  "generic-type": {
    kind: "structural",
    name: "Python collections are annotated with {value}",
    counted: "Parametrised lists, dicts, sets, tuples and types.",
    values: { typing: "the names of `typing`, as in `List[int]`", "built-in": "the built-in names, as in `list[int]`" },
  },
  docstring: {
    kind: "structural",
    name: "Docstrings of public Python functions and classes are {value}",
    counted: "Public classes, functions and methods outside of tests whose block has lines of its own.",
  },
  "docstring-quotes": {
    kind: "structural",
    name: "Docstrings have the quotes `{value}`",
    counted: "Docstrings of functions and classes.",
    usual: /^"""$/,
  },
  "docstring-start": {
    kind: "structural",
    name: "The text of a docstring begins on {value}",
    counted: "Docstrings of several lines.",
  },
  asynchrony: {
    kind: "behavioral",
    name: "In Python files with asynchronous functions, functions are {value}",
    counted: "Functions of files that have an asynchronous one.",
    values: { async: "asynchronous", sync: "plain" },
  },
  "class-base": {
    kind: "structural",
    name: "Python classes without a base are written {value}",
    counted: "Classes without a base of their own.",
    values: { none: "without parentheses", "()": "with empty parentheses", "(object)": "with `(object)`" },
  },
  "super-call": { kind: "structural", name: "`super` is called {value}", counted: "Calls of `super`." },
  "except-kind": {
    kind: "behavioral",
    name: "Python `except` clauses catch {value}",
    counted: "Each `except` clause.",
    values: { bare: "anything, without a name", Exception: "`Exception`", named: "exceptions that they name" },
    usual: /^named$/,
  },
  "except-name": {
    kind: "behavioral",
    name: "What Python catches is named `{value}`",
    counted: "Each `except` clause that binds a name.",
  },
  "empty-except": {
    kind: "behavioral",
    name: "The blocks of `except` {value}",
    counted: "Each `except` clause; `pass` and `...` do nothing.",
    values: { empty: "do nothing", handled: "do something" },
  },
  "raised-kind": {
    kind: "behavioral",
    name: "What Python raises is {value}",
    counted: "Each `raise` of a class that is named in full.",
    values: { "built-in": "an exception of the language", "own class": "an exception of the project or a package" },
  },
  "raise-from": {
    kind: "behavioral",
    name: "A new exception in an `except` clause is raised {value}",
    counted: "Each `raise` of a new exception directly in an `except` clause that names what it catches.",
    values: { "from what was caught": "`from` what was caught", "from None": "`from None`", "without from": "without `from`" },
  },
  formatting: {
    kind: "structural",
    name: "Values are put into Python texts by {value}",
    counted: "Texts that values are put into; those that a log call is given do not count.",
    values: { "f-string": "f-strings", "format()": "`format()`", "%": "`%`" },
  },
  "none-check": {
    kind: "behavioral",
    name: "Comparisons with `None` use `{value}`",
    counted: "Comparisons with `None`.",
    usual: /^is$/,
  },
  "file-open": {
    kind: "behavioral",
    name: "Python files are opened {value}",
    counted: "Calls of the function `open`.",
    values: { with: "in a `with`", "without with": "without a `with`" },
  },
  "list-building": {
    kind: "structural",
    name: "Python lists are built by {value}",
    counted: "List comprehensions, and loops that do nothing but append to a list made just before.",
    values: { comprehension: "comprehensions", append: "loops that append" },
  },
  "path-handling": {
    kind: "api",
    name: "Paths are handled with `{value}`",
    counted: "Uses of members of `os.path`, and calls of `Path`.",
  },
  logging: {
    kind: "api",
    name: "Python log lines are written through {value}",
    counted: "Calls that print or log, outside of tests.",
    values: { print: "`print`" },
  },
  "logger-name": {
    kind: "naming",
    name: "Python loggers are named `{value}`",
    counted: "Names that a call of `logging.getLogger` is assigned to.",
  },
  quotes: {
    kind: "structural",
    name: "Python strings have {value} quotes",
    counted: "Literals on one line without a quote or a backslash of their own; docstrings do not count.",
  },
  "trailing-comma": {
    kind: "structural",
    name: "The last comma of several lines of Python is {value}",
    counted: "Calls, parameters and literals whose closing bracket has a line of its own.",
    values: COMMA,
  },
  indent: {
    kind: "structural",
    name: "Python blocks are indented by {value}",
    counted: "Files with a block, by what most of their blocks are indented by.",
    usual: /^4 spaces$/,
  },
  "line-ending": { kind: "structural", name: "Lines of Python end in {value}", counted: "Files with a line end.", usual: /^LF$/ },
  "test-form": {
    kind: "testing",
    name: "Python tests are {value}",
    counted: "Functions and methods of test files whose name begins with `test`.",
    values: { functions: "functions of the module", methods: "methods of classes" },
  },
  assertion: { kind: "testing", name: "Python tests assert with `{value}`", counted: "Assertions in test files." },
  "test-mark": {
    kind: "file-naming",
    name: "Python test files are named `{value}`",
    counted: "Files with tests whose name marks them.",
  },
  "test-place": { kind: "file-structure", name: "Python tests are {value}", counted: "Files with tests." },
};
