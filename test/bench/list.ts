import { desc, eq } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { leadView } from "../../functions/crm/lead-view.ts";
import { connect } from "../../shared/db/connect.ts";
import { leads } from "../../shared/db/schema/practice.ts";
import { serveBare } from "./bare.ts";
import { compare, compareRow, cpuRows } from "./compare.ts";
import type { Call } from "./load.ts";
import { type Loader, median, type Report, type Row } from "./measure.ts";
import type { Ground } from "./open-ground.ts";
import { untilNoJobIsLeft } from "./until-no-job-is-left.ts";

const LEADS = 200;
/** The limit is 600 calls a minute for each: this many people stay below it together, and nothing is switched off. */
const PEOPLE = 60;
const PAGE = 20;
const TOKEN_TTL_S = 900;

/** `leads.list` through edge and crm, against a Worker that only sends the same SQL. */
export async function benchList({
  ground,
  loader,
  rounds,
  durationMs,
}: {
  ground: Ground;
  loader: Loader;
  rounds: number;
  durationMs: number;
}): Promise<Report> {
  await seedLeads(ground);
  const people = await seedPeople(ground);
  const statements = listStatements(ground, people[0]?.userId ?? "");
  const ours = { pid: ground.workers().pid, calls: () => people.map(({ token }) => listCall(ground.url, token)) };
  const single = await serveBare({ ground, name: "statements", bindings: { STATEMENTS: JSON.stringify(statements.slice(1)) } });
  const batch = await serveBare({ ground, name: "statements", bindings: { STATEMENTS: JSON.stringify(statements) } });
  const rows: Row[] = [];
  let limits = "";
  try {
    const versusSingle = await compare({ ground, loader, ours, baseline: single, rounds, durationMs });
    const versusBatch = await compare({ ground, loader, ours, baseline: batch, rounds, durationMs });
    limits = versusBatch.limitedBy;
    rows.push(compareRow("list 20 of 200, against one SELECT", versusSingle));
    rows.push(compareRow("list 20 of 200, against the same batch", versusBatch, 0.7));
    rows.push(...perRequest(versusBatch));
    for (const delayMs of [5, 30]) {
      ground.bridge.delayMs = delayMs;
      const delayed = await compare({ ground, loader, ours, baseline: batch, rounds: Math.min(rounds, 3), durationMs });
      rows.push(compareRow(`the same, ${delayMs} ms more per round trip`, delayed, delayMs === 30 ? 0.95 : undefined));
    }
  } finally {
    ground.bridge.delayMs = 0;
    await single.close();
    await batch.close();
  }
  return { name: "list", rows, limitedBy: limits };
}

function perRequest({ ours, baseline }: Awaited<ReturnType<typeof compare>>): Row[] {
  const trips = median(ours.map(({ neonRequests }) => neonRequests));
  const bytes = [ours[0]?.bytes ?? 0, baseline[0]?.bytes ?? 1] as const;
  return [
    {
      what: "Neon requests per call",
      ours: trips.toFixed(3),
      baseline: "1",
      ratio: trips.toFixed(2),
      target: "1",
      verdict: Math.abs(trips - 1) < 0.01 ? "met" : "missed",
    },
    {
      what: "bytes of the answer",
      ours: String(bytes[0]),
      baseline: String(bytes[1]),
      ratio: (bytes[0] / bytes[1]).toFixed(2),
      target: "≤ 1.15",
      verdict: bytes[0] / bytes[1] <= 1.15 ? "met" : "missed",
    },
    ...cpuRows({ ours, baseline }),
  ];
}

function listCall(url: string, token: string): Call {
  const input = encodeURIComponent(JSON.stringify({ limit: PAGE }));
  return { url: `${url}/api/trpc/leads.list?input=${input}`, method: "GET", headers: { authorization: `Bearer ${token}` } };
}

/** What the procedure sends, as it sends it: the entry and the page. */
function listStatements({ demo: { mentoradoId }, variables }: Ground, userId: string) {
  const { build } = connect({ databaseUrl: variables.DATABASE_URL ?? "" });
  const page = build
    .select(leadView)
    .from(leads)
    .where(eq(leads.mentoradoId, mentoradoId))
    .orderBy(desc(leads.id))
    .limit(PAGE + 1)
    .toSQL();
  const names = Object.keys(leadView);
  // Drizzle asks for arrays and names the columns itself; the bare Worker gets objects, so the columns bear the names.
  const columns = names.map((name, index) => `t.c${index} as "${name}"`).join(", ");
  const aliases = names.map((_, index) => `c${index}`).join(", ");
  return [
    {
      text: "select guilda.enter_member($1, $2, $3, $4::text[], $5)",
      params: [userId, "sess_bench", mentoradoId, ["owner", "manager", "sales", "success", "support", "viewer"], "bench"],
    },
    { text: `select ${columns} from (${page.sql}) as t(${aliases})`, params: page.params },
  ];
}

async function seedLeads({ database, demo }: Ground): Promise<void> {
  await database.query(
    `insert into leads (mentorado_id, id, name, email, phone, occupation, experience_years, stack, goal, message, source)
     select $1, id, 'Lead ' || n, 'lead' || n || '@example.com', '+5541' || (900000000 + n), 'developer', 3,
            '{typescript,go}', 'promotion', 'Quero crescer na carreira.', 'other'
       from unnest($2::uuid[]) with ordinality as g(id, n)`,
    [demo.mentoradoId, Array.from({ length: LEADS }, () => uuidv7())],
  );
}

async function seedPeople({ database, demo, stack: { clerk } }: Ground): Promise<{ userId: string; token: string }[]> {
  if (clerk === undefined) throw new Error("The benchmark needs the stand-in of Clerk");
  const people = Array.from({ length: PEOPLE }, (_, index) => {
    const email = `person${index}@guilda.example`;
    return { userId: uuidv7(), email, clerkId: clerk.createUser({ email, firstName: "Person", lastName: String(index) }).id };
  });
  // Clerk tells its webhook of them as well; whichever is first makes the row. Nothing of that may go on beside the measurement.
  for (const { userId, email, clerkId } of people) {
    const { rows } = await database.query<{ id: string }>(
      `insert into users (id, clerk_user_id, email, name) values ($1, $2, $3, 'Person')
       on conflict (clerk_user_id) do update set email = excluded.email returning id`,
      [userId, clerkId, email],
    );
    await database.query("insert into memberships (mentorado_id, id, user_id, role) values ($1, $2, $3, 'manager')", [
      demo.mentoradoId,
      uuidv7(),
      rows[0]?.id,
    ]);
  }
  await clerk.idle();
  await untilNoJobIsLeft({ database });
  return people.map(({ userId, clerkId }) => ({ userId, token: clerk.mint({ userId: clerkId, ttlSeconds: TOKEN_TTL_S }) }));
}
