import { describe, expect, it } from "vitest";
import { describeConvention } from "../../functions/ingestion/mining/describe-convention.ts";
import { GO_WORDS } from "../../functions/ingestion/mining/describe-go.ts";
import { openFactReader } from "../../functions/ingestion/mining/read-facts.ts";
import { readCorpus } from "./read-corpus.ts";

const readFacts = openFactReader();

/** `value@line` or `value@line-endLine` of each fact of a slot, in the order of the source. */
function factsOf({ slot, source, path = "store/a.go" }: { slot: string; source: string; path?: string }): string[] {
  return readFacts({ path, source })
    .filter((fact) => fact.slot === `go:${slot}`)
    .sort((left, right) => left.line - right.line)
    .map(({ value, line, endLine }) => `${value}@${line}${endLine === line ? "" : `-${endLine}`}`);
}

type Row = readonly [source: string, ...expected: string[]];

const CHECK = (body: string) => `func f() error {\nif err != nil {\n${body}\n}\n}`;

/** Of each slot: every value, with its lines, and what is no opportunity. A path may stand before the source: `path: source`. */
const ROWS: Readonly<Record<string, readonly Row[]>> = {
  "import-group": [
    ['import (\n"a"\n"b"\n)', "one group@2-3"],
    ['import "a"\nimport "b"', "several declarations@1-2"],
    ['import "a"'],
  ],
  "import-order": [
    ['import (\n"fmt"\n"os"\n"x.org/a"\n)', "standard library first@2-4"],
    ['import (\n"x.org/a"\n"fmt"\n)', "standard library last@2-3"],
    ['import (\n"fmt"\n"x.org/a"\n"os"\n)', "mixed@2-4"],
    ['import (\n"fmt"\n"os"\n)'],
  ],
  "import-gap": [
    ['import (\n"fmt"\n\n"x.org/a"\n)', "blank line@2-4"],
    ['import (\n"fmt"\nb "x.org/a"\n)', "no blank line@2-3"],
    ['import "fmt"\n\nimport "os"'],
  ],
  "import-alias:x.org/a": [['import "x.org/a"\nimport (\nb "x.org/a"\n_ "x.org/a"\n)\nimport c "fmt"', "its own name@1", "b@3"]],
  "name-case": [
    [
      "func readIt() {}\ntype Read_It int\nconst MAX_SIZE = 1\nvar (\nread_it = 2\n)\nfunc f() {\na_b, err := g()\n}",
      "MixedCaps@1",
      "underscores@2",
      "UPPER_CASE@3",
      "snake_case@5",
      "snake_case@8",
    ],
    ["func read() {}\nfunc f() {\nx.a_b = 1\n}"],
    ["store/a_test.go: func Test_a(t *testing.T) {}"],
  ],
  initialisms: [
    [
      "func UserID() {}\ntype HttpServer int\nfunc f(userId int, id string) {\nbaseURL := 1\n}",
      "in capitals@1",
      "as words@2",
      "as words@3",
      "in capitals@4",
    ],
    ["func Identify(ideal int) {}\nvar ID, id = 1, 2\nfunc Valid() {}"],
  ],
  "receiver-name": [
    [
      "func (s *Store) a() {}\nfunc (st Store) b() {}\nfunc (store *Store) c() {}\nfunc (self *Store) d() {}",
      "one or two letters@1",
      "one or two letters@2",
      "a word@3",
      "self or this@4",
    ],
    ["func (*Store) a() {}\nfunc (_ Store) b() {}\nfunc c(d int) {}"],
  ],
  "receiver-names": [
    ["func (s *Store) a() {}\nfunc (s Store) b() {}\nfunc (c *Cat) a() {}", "one name@1-2"],
    ["func (s *Store) a() {}\nfunc (t *Store) b() {}", "several names@1-2"],
  ],
  "package-name": [
    ["package store", "as its folder@1"],
    ["my-store/a.go: package mystore", "as its folder@1"],
    ["internal/store/a.go: package other", "otherwise@1"],
    ["package main"],
    ["a.go: package store"],
    ["store/a_test.go: package other_test"],
  ],
  "constructor-name": [
    [
      "type T struct{}\nfunc New() *T { return nil }\nfunc NewT(a int) (T, error) { return a }\nfunc Open() (*T, error) { return nil }",
      "New…@2",
      "New…@3",
      "otherwise@4",
    ],
    [
      "type T struct{}\nfunc newT() *T { return nil }\nfunc (t T) New() *T { return nil }\nfunc A() *U { return nil }\nfunc B() []T { return nil }",
    ],
  ],
  "constructor-result": [
    ["type T struct{}\nfunc NewA() *T { return nil }\nfunc NewB() T { return t }", "a pointer@2", "a value@3"],
  ],
  "interface-name": [
    ["type Reader interface {\nRead() int\n}\ntype Store interface { Find(a int) error }", "ends in er@1-3", "otherwise@4"],
    ["type A interface{}\ntype B interface {\nC()\nD()\n}\ntype E interface { F }"],
  ],
  "file-case": [
    ["store/read_it.go: package store", "snake_case@1"],
    ["store/readIt_linux_test.go: package store", "camelCase@1"],
    ["store/read-it.go: package store", "kebab-case@1"],
    ["store/read_linux.go: package store"],
  ],
  receiver: [["func (s *Store) a() {}\nfunc (s Store) b() {}\nfunc (List[T]) c() {}", "a pointer@1", "a value@2", "a value@3"]],
  receivers: [
    ["func (s *Store) a() {}\nfunc (s *Store) b() {}\nfunc (c Cat) a() {}", "all alike@1-2"],
    ["func (s *Store) a() {}\nfunc (s Store) b() {}", "mixed@1-2"],
  ],
  "context-place": [
    [
      "func a(ctx context.Context, b int) {}\nfunc c(b int, x context.Context) {}\nfunc d(context.Context) {}",
      "first@1",
      "later@2",
      "first@3",
    ],
  ],
  "context-name": [
    [
      "func a(ctx context.Context) {}\nfunc b(c context.Context) {}\nfunc d(_ context.Context) {}\nfunc e(context.Context) {}",
      "ctx@1",
      "c@2",
    ],
  ],
  results: [
    [
      "func a() (n int, err error) { return }\nfunc b() (int, error) { return c }\nfunc d() (x, y []int) { return }",
      "named@1",
      "unnamed@2",
      "named@3",
    ],
    ["func a() error { return nil }\nfunc b() (n int) { return }"],
  ],
  "doc-comment": [
    [
      "// A is.\nfunc A() {}\n\nfunc B() {}\n\n/* C\nis. */\ntype C int\n\n// Not of D.\n\ntype D int",
      "written@2",
      "left out@4",
      "written@8",
      "left out@12",
    ],
    ["func a() {}\nfunc (t thing) B() {}"],
    ["store/a_test.go: func A() {}"],
  ],
  "empty-interface": [
    [
      "func a(b any, c ...interface{}) {}\nvar d []any\nvar e map[string]interface{}\nfunc f[T any]() {}",
      "interface{}@1",
      "any@1",
      "any@2",
      "interface{}@3",
      "any@4",
    ],
    ["var a = any(b)\nany := 1\nx.any()\ntype B interface {\nC()\n}"],
  ],
  "error-handling": [
    [CHECK("return err"), "returned as it is@2-4"],
    [CHECK("log()\nreturn nil, err"), "returned as it is@2-5"],
    [CHECK('return fmt.Errorf("a: %w", err)'), "wrapped with %w@2-4"],
    [CHECK('return nil, fmt.Errorf("a: %v", err)'), "told without %w@2-4"],
    [CHECK('return errors.Wrap(err, "a")'), "wrapped by a function@2-4"],
    [CHECK("panic(err)"), "panic@2-4"],
    [CHECK("log.Fatal(err)"), "exit@2-4"],
    [CHECK("continue")],
    [CHECK("return newError(a)")],
    [`store/a_test.go: ${CHECK("return err")}`],
    ["func f() error {\nif err == nil {\nreturn err\n}\nif a && err != nil {\nreturn err\n}\nif b != nil {\nreturn b\n}\n}"],
  ],
  "error-name": [
    [
      "func f() {\nif err != nil {\n}\nif e := g(); e != nil {\n}\nif parseErr != nil {\n}\nif node != nil {\n}\n}",
      "err@2",
      "e@4",
      "parseErr@6",
    ],
  ],
  "error-check": [
    ["func f() {\nif err := g(); err != nil {\n}\nerr = h(1,\n2)\nif err != nil {\n}\n}", "in the if@2", "before the if@6"],
    ["func f() {\na, err := g()\nif err != nil {\n}\nerr := g()\n\nif err != nil {\n}\n}"],
  ],
  "error-comparison": [
    ["func f() {\nif errors.Is(err, io.EOF) {}\nif err == io.EOF {}\n_ = err != ErrClosed\n}", "errors.Is@2", "==@3", "==@4"],
    ["func f() {\n_ = err == nil\n_ = a == ErrClosed\n}"],
  ],
  "error-type": [["func f() {\nerrors.As(err, &x)\ny := err.(*T)\nswitch err.(type) {\n}\n}", "errors.As@2", "assertion@3"]],
  "error-creation": [
    ['func f() {\na(errors.New("b"))\nc(fmt.Errorf("d"))\n}', "errors.New@2", "fmt.Errorf@3"],
    ['func f() {\na(errors.New(b))\nc(fmt.Errorf("d %s", e))\n}'],
  ],
  "error-text": [
    ['func f() {\na(errors.New("no file"))\nc(fmt.Errorf("Bad %s", d))\n}', "lower case@2", "capital@3"],
    ['func f() {\na(errors.New("EOF reached"))\nb(errors.New("%s"))\n}'],
  ],
  "error-variable": [
    [
      'var ErrA = errors.New("a")\nvar (\nerrB = errors.New("b")\nBad = errors.New("c")\n)\nfunc f() {\nx = errors.New("d")\n}',
      "Err…@1",
      "Err…@3",
      "otherwise@4",
    ],
  ],
  "zero-value": [
    [
      'func f() {\nvar n int\nm := 0\ns := ""\nvar t = 1\nfor i := 0; i < 1; i++ {\n}\nu := 1\n}\nvar v int',
      "var@2",
      ":=@3",
      ":=@4",
    ],
  ],
  "empty-slice": [
    [
      "func f() {\nvar a []int\nb := []int{}\nc := make([]int, 0)\nd := make([]int, 0, 8)\ne := []int{1}\nvar g []int = h\n}\nvar i []int",
      "var@2",
      "literal@3",
      "make@4",
    ],
  ],
  unlock: [["func f() {\ns.mu.Lock()\ndefer s.mu.Unlock()\nm.RLock()\ng()\nm.RUnlock()\n}", "deferred@2", "by hand@4"]],
  "else-after-exit": [
    ["func f() {\nif a {\nreturn\n}\nif b {\ng()\ncontinue\n} else {\nh()\n}\nif c {\nd()\n}\n}", "no else@2-4", "else@5-8"],
  ],
  logging: [
    ['func f() {\nfmt.Println("a")\nlog.Printf("b")\nslog.Info("c")\nfmt.Sprint(d)\n}', "fmt@2", "log@3", "slog@4"],
    ['package main\nfunc f() {\nfmt.Println("a")\n}'],
  ],
  "test-form": [
    [
      "store/a_test.go: func TestA(t *testing.T) {\nfor _, tc := range cases {\nt.Run(tc, func(t *testing.T) {\n})\n}\n}\nfunc TestB(t *testing.T) {\nt.Run(a, b)\n}\nfunc TestC(t *testing.T) {\n}",
      "a table of cases@1",
      "subtests@7",
      "flat@10",
    ],
    ["store/a_test.go: func TestMain(m *testing.M) {\n}\nfunc Testing(t *testing.T) {\n}"],
    ["func TestA(t *testing.T) {\n}"],
  ],
  "test-case-name": [
    [
      "store/a_test.go: func TestA(t *testing.T) {\nfor _, tc := range cases {\nt.Run(tc, f)\n}\nfor name, tt := range cases {\nt.Run(name, f)\n}\nfor _, x := range y {\n}\n}",
      "tc@2",
      "tt@5",
    ],
  ],
  assertion: [
    [
      "store/a_test.go: func TestA(t *testing.T) {\nassert.Equal(t, a, b)\nrequire.NoError(t, err)\nt.Errorf(c)\nt.Fatal(d)\nt.Log(e)\n}",
      "assert@2",
      "require@3",
      "testing@4",
      "testing@5",
    ],
  ],
  "test-package": [
    ["store/a_test.go: package store_test\nfunc TestA(t *testing.T) {\n}", "of its own@1"],
    ["store/a_test.go: package store\nfunc TestA(t *testing.T) {\n}", "the tested one@1"],
    ["store/a_test.go: package store"],
  ],
  "test-parallel": [
    [
      "store/a_test.go: func TestA(t *testing.T) {\nt.Parallel()\n}\nfunc TestB(t *testing.T) {\na()\n}",
      "parallel@1",
      "in turn@4",
    ],
  ],
  "test-helper": [
    [
      "store/a_test.go: func a(t *testing.T) {\nt.Helper()\n}\nfunc b(t *testing.T, c int) {\nd()\n}\nfunc TestA(t *testing.T) {\n}",
      "marked@1",
      "not marked@4",
    ],
  ],
};

describe("The facts of Go", () => {
  it.each(Object.entries(ROWS))("%s: each decision with its lines, and nothing else", (slot, rows) => {
    for (const [text, ...expected] of rows) {
      const [, path, source = text] = /^(\S+\.go): (.*)$/s.exec(text) ?? [];
      expect(factsOf({ slot, source, ...(path === undefined ? {} : { path }) }), text).toEqual(expected);
    }
  });

  it("shows every slot and every worded value in the table above", () => {
    expect(Object.keys(ROWS).map((slot) => slot.split(":")[0])).toEqual(Object.keys(GO_WORDS));
    for (const [slot, { values }] of Object.entries(GO_WORDS)) {
      const rows = Object.entries(ROWS).find(([key]) => key.split(":")[0] === slot)?.[1] ?? [];
      const shown = rows.flatMap(([, ...expected]) => expected.map((each) => each.replace(/@[\d-]+$/, "")));
      for (const value of Object.keys(values ?? {})) expect(shown, `${slot} = ${value}`).toContain(value);
    }
  });

  it("puts every fact of programs into words, at lines that are there", () => {
    let facts = 0;
    for (const { path, source } of readCorpus("test/ingestion/fixtures/go", /\.go$/)) {
      const lines = source.split("\n").length;
      for (const { slot, value, line, endLine } of readFacts({ path, source })) {
        expect(describeConvention({ slot, value }).name).not.toMatch(/\{(?:value|subject)\}|undefined/);
        if (!(line >= 1 && endLine >= line && endLine <= lines)) expect.fail(`${path} ${slot} ${line}-${endLine}`);
        facts += 1;
      }
    }
    expect(facts).toBeGreaterThan(100);
  });
});
