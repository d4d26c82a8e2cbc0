import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import { insertRow } from "../db/support/insert-row.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { addPull, type Counts } from "./support/add-pull.ts";
import { openWorkshop, type Workshop } from "./support/open-workshop.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());

interface Seen {
  studentId: string | null;
  repoId: string;
  /** In São Paulo, three hours behind. */
  day: string;
  checks: readonly Counts[];
}

interface Class {
  workshop: Workshop;
  repos: { repoId: string; studentId: string | null }[];
  /** Of each repository: two patterns, of which the first is the same convention in all of them. */
  patterns: Map<string, { id: string; convention: string }[]>;
}

async function openClass(): Promise<Class> {
  const workshop = await openWorkshop(platform);
  const { mentoradoId, addRepo } = workshop;
  const repos: Class["repos"] = [];
  const patterns: Class["patterns"] = new Map();
  for (const name of ["Ana", "Bia", null]) {
    const studentId = name === null ? null : uuidv7();
    if (studentId !== null) {
      const leadId = uuidv7();
      await insertRow(platform.database, "leads", { mentorado_id: mentoradoId, id: leadId, name, stage: "new" });
      await insertRow(platform.database, "students", { mentorado_id: mentoradoId, id: studentId, lead_id: leadId, name });
    }
    const repoId = await addRepo(studentId === null ? {} : { student_id: studentId });
    repos.push({ repoId, studentId });
    const own = [`shared-${mentoradoId}`, null].map((fingerprint) => {
      const id = uuidv7();
      return { id, fingerprint, convention: fingerprint ?? id };
    });
    for (const { id, fingerprint } of own)
      await insertRow(platform.database, "patterns", {
        mentorado_id: mentoradoId,
        id,
        repo_id: repoId,
        type: "code",
        origin: fingerprint === null ? "person" : "mined",
        fingerprint,
        name: "A convention",
        description: "As it says.",
        category: "other",
        status: "authoritative",
        validated_at: new Date().toISOString(),
      });
    patterns.set(repoId, own);
  }
  return { workshop, repos, patterns };
}

/** Near midnight of the first and last days of two months, there and in UTC. */
const INSTANTS = [
  ["2026-03-31T23:30:00Z", "2026-03-31"],
  ["2026-04-01T02:59:00Z", "2026-03-31"],
  ["2026-04-01T03:00:00Z", "2026-04-01"],
  ["2026-04-30T12:00:00Z", "2026-04-30"],
  ["2026-05-01T02:00:00Z", "2026-04-30"],
] as const;

const counts = fc.option(
  fc
    .record({ opportunities: fc.integer({ min: 1, max: 5 }), missed: fc.integer({ min: 0, max: 5 }) })
    .map(({ opportunities, missed }): [number, number] => [opportunities, Math.max(opportunities - missed, 0)]),
);
const pulls = fc.array(
  fc.record({
    repo: fc.integer({ min: 0, max: 2 }),
    instant: fc.constantFrom(...INSTANTS),
    checks: fc.array(fc.option(fc.tuple(counts, counts)), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 8 },
);

/** As a person would count with a pencil. */
function countByHand(seen: readonly Seen[], group: (each: Seen, patternId: string) => string | undefined) {
  const groups = new Map<string, { opportunities: number; hits: number; pullRequests: number; firstTimeRight: number }>();
  for (const each of seen) {
    const evaluated = each.checks.filter((check) => check !== null);
    for (const patternId of new Set(evaluated.flatMap((check) => Object.keys(check)))) {
      const key = group(each, patternId);
      if (key === undefined) continue;
      const sum = groups.get(key) ?? { opportunities: 0, hits: 0, pullRequests: 0, firstTimeRight: 0 };
      const [opportunities, hits] = evaluated.at(-1)?.[patternId] ?? [0, 0];
      const first = evaluated.find((check) => patternId in check)?.[patternId];
      sum.opportunities += opportunities;
      sum.hits += hits;
      sum.pullRequests += 1;
      if (first !== undefined && first[0] === first[1]) sum.firstTimeRight += 1;
      groups.set(key, sum);
    }
  }
  return Object.fromEntries(groups);
}

function figures<Row extends { opportunities: number; hits: number; pullRequests: number; firstTimeRight: number }>(
  rows: readonly Row[],
  key: (row: Row) => string,
) {
  return Object.fromEntries(
    rows.map((row) => {
      const { opportunities, hits, pullRequests, firstTimeRight } = row;
      return [key(row), { opportunities, hits, pullRequests, firstTimeRight }];
    }),
  );
}

it("is what one counts by hand, whatever was opened, checked and pushed when", async () => {
  await fc.assert(
    fc.asyncProperty(pulls, async (opened) => {
      const { workshop, repos, patterns } = await openClass();
      const { mentoradoId, owner } = workshop;
      const seen: Seen[] = [];
      for (const { repo, instant, checks } of opened) {
        const { repoId, studentId } = repos[repo] as Class["repos"][number];
        const own = patterns.get(repoId) ?? [];
        const named = checks.map(
          (check): Counts =>
            check === null
              ? null
              : Object.fromEntries(
                  own.flatMap(({ id }, at) => (check[at] ? [[id, check[at]]] : [])) as [string, [number, number]][],
                ),
        );
        await addPull({ platform, mentoradoId, repoId, checks: named, row: { opened_at: instant[0] } });
        seen.push({ studentId, repoId, day: instant[1], checks: named });
      }
      const adherence = async (input: Parameters<typeof owner.patterns.adherence.query>[0]) =>
        figures((await owner.patterns.adherence.query(input)).items, ({ patternId, month }) => `${patternId} ${month}`);
      const byMonth = ({ day }: Seen, patternId: string) => `${patternId} ${day.slice(0, 7)}`;
      expect(await adherence({})).toEqual(countByHand(seen, byMonth));
      const [{ repoId, studentId }] = repos as [Class["repos"][number] & { studentId: string }];
      expect(await adherence({ studentId })).toEqual(
        countByHand(
          seen.filter((each) => each.studentId === studentId),
          byMonth,
        ),
      );
      expect(await adherence({ repoId })).toEqual(
        countByHand(
          seen.filter((each) => each.repoId === repoId),
          byMonth,
        ),
      );
      const inApril = seen.filter(({ day }) => day.startsWith("2026-04"));
      expect(await adherence({ from: "2026-04-01", to: "2026-04-30" })).toEqual(countByHand(inApril, byMonth));
      const conventions = new Map([...patterns.values()].flat().map(({ id, convention }) => [id, convention]));
      const byStudent = (each: Seen, patternId: string) =>
        each.studentId === null ? undefined : `${each.studentId} ${conventions.get(patternId)}`;
      const { cells } = await owner.patterns.cohortMatrix.query();
      expect(figures(cells, (cell) => `${cell.studentId} ${cell.convention}`)).toEqual(countByHand(seen, byStudent));
    }),
    { numRuns: 12 },
  );
}, 120_000);

it("says shares as well, and who the students are", async () => {
  const { workshop, repos, patterns } = await openClass();
  const [{ repoId, studentId }] = repos as [Class["repos"][number]];
  const [{ id, convention }] = patterns.get(repoId) as [{ id: string; convention: string }];
  const { mentoradoId, owner } = workshop;
  await addPull({ platform, mentoradoId, repoId, checks: [{ [id]: [4, 1] }, { [id]: [4, 4] }] });
  await addPull({ platform, mentoradoId, repoId, checks: [{ [id]: [2, 2] }] });
  const shares = { opportunities: 6, hits: 6, adherence: 1, pullRequests: 2, firstTimeRight: 1, firstTimeRightShare: 0.5 };
  expect((await owner.patterns.cohortMatrix.query()).cells).toEqual([
    { studentId, studentName: "Ana", convention, name: "A convention", patternIds: [id], ...shares },
  ]);
});
