import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Kernel, openKernel } from "../../shared/kernel.ts";
import { listProcedures, type Procedure } from "../rules/procedures.ts";
import { type Person, type Platform, startPlatform } from "../support/platform.ts";
import { callProcedure } from "./support/call-procedure.ts";
import { marksIn } from "./support/foreign-ids.ts";
import { callerOf, foreignInputOf, inputOf } from "./support/members.ts";
import { type Mutant, mutantsOf, withoutPredicates } from "./support/predicates.ts";
import { type Practice, seedPractice } from "./support/seed-practice.ts";
import { snapshot, tenantTables } from "./support/snapshot.ts";
import { startTap, type Tap } from "./support/tap.ts";

/** Staff cross mentorados by design. */
const PROCEDURES = listProcedures().filter(({ meta }) => meta?.level !== "admin");
const TIMEOUT_MS = 60_000;

/** What does no harm even without any predicate and any policy, and why. */
const HARMLESS: Record<string, string> = {
  "leads.convert": "the student's composite foreign key refuses a lead of another mentorado",
  "leads.create": "the row is new, or is found by an index that begins with the mentorado",
  "leads.createPublic": "the form's key is unique, and entering with it decides the mentorado",
  "leads.updateStage": "the history's composite foreign key refuses a lead of another mentorado",
  "users.updateProfile": "the answer is one row, so a batch that changes more is undone",
};

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
  other = await newPractice();
  untouched = await snapshot(platform.database, other);
  guardedTables = [...(await tenantTables(platform.database)), "mentorados", "users"];
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
}

/** Calls the procedure for a new practice: with ids of `victim`, then with its own, so that every statement of it is reached. */
async function attack(procedure: Procedure, victim: Practice): Promise<Outcome> {
  const practice = await newPractice();
  const before = await snapshot(platform.database, victim);
  const caller = callerOf({ platform, procedure, practice, staff });
  const foreign = foreignInputOf(procedure, practice, victim);
  const toForeign = await callProcedure({ kernel, procedure, caller, input: foreign.input });
  const toOwn = await callProcedure({ kernel, procedure, caller, input: inputOf(procedure, practice) });
  const after = await snapshot(platform.database, victim);
  const asked = new Set(foreign.foreignIds);
  return {
    seen: [...marksIn(toForeign.text, victim).filter((mark) => !asked.has(mark)), ...marksIn(toOwn.text, victim)],
    changed: Object.keys(after).filter((table) => after[table] !== before[table]),
  };
}

const NOTHING: Outcome = { seen: [], changed: [] };

/** Every statement that the procedure sends, by calling it as it is. */
async function statementsOf(procedure: Procedure): Promise<string[]> {
  tap.forget();
  expect(await attack(procedure, other)).toEqual(NOTHING);
  return tap.statements();
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
    const mutants = mutantsOf(await statementsOf(procedure));
    if (procedure.path !== "leads.create") expect(mutants.length).toBeGreaterThan(0);
    expect(await unprotected(() => attack(procedure, other)), "without any predicate").toEqual(NOTHING);
    for (const mutant of mutants) {
      expect(
        await withMutant(mutant, () => attack(procedure, other)),
        `without ${mutant.predicate} in ${mutant.statement}`,
      ).toEqual(NOTHING);
    }
    expect(await snapshot(platform.database, other)).toEqual(untouched);
  });

  it("shows and changes nothing of another mentorado when the policies of any one table are missing: the predicates hold", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const text = (await statementsOf(procedure)).join("\n");
    const touched = guardedTables.filter((table) => new RegExp(`\\b${table}\\b`).test(text));
    expect(touched.length).toBeGreaterThan(0);
    for (const table of touched) {
      expect(await withoutPolicies([table], () => attack(procedure, other)), `without the policies of ${table}`).toEqual(NOTHING);
    }
    expect(await snapshot(platform.database, other)).toEqual(untouched);
  });
});

/** The two layers are independent, so a fault in both is a leak: if these tests could not see one, they would prove nothing. */
describe("the tests above", () => {
  it.each(PROCEDURES)("see it when $path has neither predicates nor policies", { timeout: TIMEOUT_MS }, async (procedure) => {
    const victim = await newPractice();
    const { seen, changed } = await withoutPolicies(guardedTables, () => unprotected(() => attack(procedure, victim)));
    expect(seen.length + changed.length > 0, HARMLESS[procedure.path] ?? "a leak that is not seen").toBe(
      !(procedure.path in HARMLESS),
    );
  });

  it("see it when one predicate of a read is missing with all policies", { timeout: TIMEOUT_MS }, async () => {
    const unseen: string[] = [];
    for (const procedure of PROCEDURES.filter(({ type, meta }) => type !== "mutation" && meta?.level === "mentorado")) {
      const victim = await newPractice();
      const mutants = mutantsOf(await statementsOf(procedure));
      const outcomes = await withoutPolicies(guardedTables, () =>
        mutants.reduce(
          async (before, mutant) => [...(await before), await withMutant(mutant, () => attack(procedure, victim))],
          Promise.resolve<Outcome[]>([]),
        ),
      );
      if (outcomes.every(({ seen }) => seen.length === 0)) unseen.push(procedure.path);
    }
    expect(unseen).toEqual([]);
  });
});
