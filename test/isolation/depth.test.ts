import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Kernel, openKernel } from "../../shared/kernel.ts";
import { listProcedures, type Procedure } from "../rules/procedures.ts";
import { type Person, type Platform, startPlatform } from "../support/platform.ts";
import { type Answer, callProcedure } from "./support/call-procedure.ts";
import { comparable, marksIn } from "./support/foreign-ids.ts";
import { callerOf, foreignInputsOf, furtherInputsOf, inputOf } from "./support/members.ts";
import { type Mutant, mutantsOf, withoutPredicates } from "./support/predicates.ts";
import { type Practice, seedPractice } from "./support/seed-practice.ts";
import { snapshot, tenantTables } from "./support/snapshot.ts";
import { startTap, type Tap } from "./support/tap.ts";

/** Staff cross mentorados by design. */
const PROCEDURES = listProcedures().filter(({ meta }) => meta?.level !== "admin");
const TIMEOUT_MS = 60_000;

/** Each table in them bears the predicate and is joined to another that does: one that is missing lets nothing through even without policies. */
const GUARDED_TWICE = ["patterns.adherence", "patterns.cohortMatrix"];

/** What answers the same even without any predicate and any policy, and why. */
const HARMLESS: Record<string, string> = {
  "financial.account.test": "the key of another mentorado does not open, because it is bound to its place",
  "financial.reconciliation.start": "it only adds a job, whose natural key begins with the mentorado",
  "leads.createPublic": "the form's key is unique, and entering with it decides the mentorado",
};

/** No statement of theirs looks for a row: what is new is of the batch's mentorado. */
const ONLY_ADDS = new Set(["leads.create", "financial.reconciliation.start"]);

let platform: Platform;
let tap: Tap;
let kernel: Kernel;
let staff: Person;
let other: Practice;
let untouched: Record<string, string>;
let guardedTables: string[];

beforeAll(async () => {
  platform = await startPlatform();
  tap = await startTap({ neonUrl: platform.database.neonUrl });
  kernel = openKernel({ env: { ...platform.env, NEON_FETCH_ENDPOINT: tap.neonUrl }, worker: "test" });
  staff = await platform.createPerson({ isAdmin: true });
  // First, so that its ids are the smaller ones: what leaks comes first in a stream.
  // With a policy of its own, to tell it from the others, which are all alike.
  other = await seedPractice(platform.database, { dunningSteps: [-5, 2] });
  untouched = await snapshot(platform.database, other);
  guardedTables = [...(await tenantTables(platform.database)), "mentorados", "users", "github_installations"];
});

afterAll(async () => {
  await tap?.close();
  await platform?.close();
});

function newPractice(): Promise<Practice> {
  return seedPractice(platform.database);
}

interface Outcome {
  /** Ids and words of the other practice in an answer, besides those that were asked for. */
  seen: string[];
  /** Tables of the other practice that are not as they were. */
  changed: string[];
  /** Every answer, without what is of this practice alone: a figure that counts what is another's is another figure. */
  answers: string[];
}

/** Calls the procedure for a new practice: with ids of `victim`, all and one at a time, then with its own, so that every statement of it is reached. */
async function attack(procedure: Procedure, victim: Practice): Promise<Outcome> {
  return (await attackAndAnswer(procedure, victim)).outcome;
}

async function attackAndAnswer(procedure: Procedure, victim: Practice): Promise<{ outcome: Outcome; own: Answer[] }> {
  const practice = await newPractice();
  const before = await snapshot(platform.database, victim);
  const caller = callerOf({ platform, procedure, practice, staff });
  const foreign = foreignInputsOf(procedure, practice, victim);
  const [toForeign, own]: [Answer[], Answer[]] = [[], []];
  for (const input of foreign.inputs) toForeign.push(await callProcedure({ kernel, procedure, caller, input }));
  for (const input of [inputOf(procedure, practice), ...furtherInputsOf(procedure, practice)]) {
    own.push(await callProcedure({ kernel, procedure, caller, input }));
  }
  const after = await snapshot(platform.database, victim);
  const asked = new Set(foreign.foreignIds);
  const outcome = {
    seen: [
      ...toForeign.flatMap(({ text }) => marksIn(text, victim).filter((mark) => !asked.has(mark))),
      ...own.flatMap(({ text }) => marksIn(text, victim)),
    ],
    changed: Object.keys(after).filter((table) => after[table] !== before[table]),
    answers: [...toForeign, ...own].map(({ text }) =>
      comparable(text).replaceAll(practice.tag, "<tag>").replaceAll(String(practice.installationId), "<installation>"),
    ),
  };
  return { outcome, own };
}

/**
 * Calls the procedure as it is: its own calls succeed, and nothing of the other practice is shown or changed.
 *
 * @returns every statement that it sends, and what is to come of an attack on it while one layer holds.
 */
async function observe(procedure: Procedure): Promise<{ statements: string[]; expected: Outcome }> {
  tap.forget();
  const { outcome, own } = await attackAndAnswer(procedure, other);
  for (const answer of own) expect(answer, answer.text).toMatchObject({ status: 200 });
  expect(outcome).toMatchObject({ seen: [], changed: [] });
  return { statements: tap.statements(), expected: outcome };
}

async function withMutant<Result>({ statement, mutated }: Mutant, act: () => Promise<Result>): Promise<Result> {
  let hits = 0;
  tap.rewrite = (sent) => {
    if (sent !== statement) return sent;
    hits += 1;
    return mutated;
  };
  try {
    const result = await act();
    expect(hits, statement).toBeGreaterThan(0);
    return result;
  } finally {
    tap.rewrite = undefined;
  }
}

/** Every predicate is missing, in every statement. */
async function unprotected<Result>(act: () => Promise<Result>): Promise<Result> {
  tap.rewrite = withoutPredicates;
  try {
    return await act();
  } finally {
    tap.rewrite = undefined;
  }
}

async function withoutPolicies<Result>(tables: readonly string[], act: () => Promise<Result>): Promise<Result> {
  const alter = (what: string) =>
    platform.database.query(tables.map((table) => `alter table ${table} ${what} row level security`).join("; "));
  await alter("disable");
  try {
    return await act();
  } finally {
    await alter("enable");
  }
}

describe.each(PROCEDURES)("$path", (procedure) => {
  it("shows and changes nothing of another mentorado when any one of its predicates is missing, or all of them: the policies hold", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { statements, expected } = await observe(procedure);
    const mutants = mutantsOf(statements);
    if (!ONLY_ADDS.has(procedure.path)) expect(mutants.length).toBeGreaterThan(0);
    expect(await unprotected(() => attack(procedure, other)), "without any predicate").toEqual(expected);
    for (const mutant of mutants) {
      expect(
        await withMutant(mutant, () => attack(procedure, other)),
        `without ${mutant.predicate} in ${mutant.statement}`,
      ).toEqual(expected);
    }
    expect(await snapshot(platform.database, other)).toEqual(untouched);
  });

  it("shows and changes nothing of another mentorado when the policies of any one table are missing: the predicates hold", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { statements, expected } = await observe(procedure);
    const text = statements.join("\n");
    const touched = guardedTables.filter((table) => new RegExp(`\\b${table}\\b`).test(text));
    expect(touched.length).toBeGreaterThan(0);
    for (const table of touched) {
      expect(await withoutPolicies([table], () => attack(procedure, other)), `without the policies of ${table}`).toEqual(
        expected,
      );
    }
    expect(await snapshot(platform.database, other)).toEqual(untouched);
  });
});

/** The two layers are independent, so a fault in both is a leak, or at least another answer: if these tests could not see one, they would prove nothing. */
describe("the tests above", () => {
  it.each(PROCEDURES)("see it when $path has neither predicates nor policies", { timeout: TIMEOUT_MS }, async (procedure) => {
    const victim = await newPractice();
    const { expected } = await observe(procedure);
    const outcome = await withoutPolicies(guardedTables, () => unprotected(() => attack(procedure, victim)));
    expect(isDeepStrictEqual(outcome, expected), HARMLESS[procedure.path] ?? "a leak that is not seen").toBe(
      procedure.path in HARMLESS,
    );
  });

  it("see it when one predicate of a read is missing with all policies", { timeout: TIMEOUT_MS }, async () => {
    const unseen: string[] = [];
    for (const procedure of PROCEDURES.filter(({ type, meta }) => type !== "mutation" && meta?.level === "mentorado")) {
      const victim = await newPractice();
      const { statements, expected } = await observe(procedure);
      const mutants = mutantsOf(statements);
      const outcomes = await withoutPolicies(guardedTables, () =>
        mutants.reduce(
          async (before, mutant) => [...(await before), await withMutant(mutant, () => attack(procedure, victim))],
          Promise.resolve<Outcome[]>([]),
        ),
      );
      if (outcomes.every((outcome) => isDeepStrictEqual(outcome, expected))) unseen.push(procedure.path);
    }
    expect(unseen.sort()).toEqual(GUARDED_TWICE);
  });
});
