import type { Caller } from "../../../shared/trpc/caller.ts";
import { idPaths, type Procedure } from "../../rules/procedures.ts";
import type { Person, Platform } from "../../support/platform.ts";
import { valueAt, withValue } from "./foreign-ids.ts";
import type { Practice } from "./seed-practice.ts";
import { FURTHER_INPUTS, VALID_INPUTS } from "./valid-inputs.ts";

/** @returns whom the procedure is made for: staff, a visitor of the form, or the owner of the practice. */
export function callerOf({
  platform,
  procedure,
  practice,
  staff,
}: {
  platform: Platform;
  procedure: Procedure;
  practice: Practice;
  staff: Person;
}): Caller {
  if (procedure.meta?.level === "admin") return platform.caller(staff);
  if (procedure.meta?.level === "public") return { requestId: "request", identity: { kind: "form", formKey: practice.formKey } };
  return platform.caller(practice.members.owner, { mentoradoId: practice.mentoradoId });
}

export function inputOf(procedure: Procedure, practice: Practice): unknown {
  return VALID_INPUTS[procedure.path]?.(practice);
}

export function furtherInputsOf(procedure: Procedure, practice: Practice): unknown[] {
  return FURTHER_INPUTS[procedure.path]?.(practice) ?? [];
}

/** @returns the input of `practice` with every id in it replaced by the one of `other`, then with one of them at a time; and those ids. */
export function foreignInputsOf(
  procedure: Procedure,
  practice: Practice,
  other: Practice,
): { inputs: unknown[]; foreignIds: string[] } {
  const theirs = inputOf(procedure, other);
  const paths = idPaths(procedure.input);
  const withTheirs = (replaced: string[][]) =>
    replaced.reduce<unknown>((changed, path) => withValue(changed, path, valueAt(theirs, path)), inputOf(procedure, practice));
  const choices = paths.length > 1 ? [paths, ...paths.map((path) => [path])] : paths.map((path) => [path]);
  return { inputs: choices.map(withTheirs), foreignIds: paths.map((path) => String(valueAt(theirs, path))) };
}
