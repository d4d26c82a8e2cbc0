import { describe, expect, it } from "vitest";
import { GITHUB_LIMITS } from "../local/github/limits.ts";
import { API, call, closeAfterEach, jwt, type Stage, stageWith } from "./support/github-stage.ts";

closeAfterEach();

const NOW = new Date("2026-03-10T15:00:00Z");
const MINUTE_MS = 60_000;
const RESET = String((NOW.getTime() + 60 * MINUTE_MS) / 1000);

async function clockStage(
  options: Parameters<typeof stageWith>[0] = {},
): Promise<Stage & { token: string; passMinutes(minutes: number): void }> {
  let now = NOW;
  const stage = await stageWith({ now: () => now, ...options });
  const passMinutes = (minutes: number) => {
    now = new Date(now.getTime() + minutes * MINUTE_MS);
  };
  return { ...stage, token: await signIn(stage), passMinutes };
}

/** By the clock of these tests, which is not the client's. */
async function signIn({ gitHub, installationId }: Stage): Promise<string> {
  const seconds = NOW.getTime() / 1000;
  const token = jwt(gitHub.privateKey, { iat: seconds, exp: seconds + 60, iss: gitHub.appId });
  return (await call(gitHub, "POST", `/app/installations/${installationId}/access_tokens`, { token })).body.token;
}

function budget(headers: Headers): Record<string, string | null> {
  return Object.fromEntries(
    ["limit", "remaining", "used", "reset", "resource"].map((name) => [name, headers.get(`x-ratelimit-${name}`)]),
  );
}

describe("the hour's limit", () => {
  it("is 5,000 for an installation and 60 for who does not say who they are, each told with every answer", async () => {
    const { gitHub, token } = await clockStage({ isPrivate: false });
    const known = await call(gitHub, "GET", API, { token });
    expect(budget(known.headers)).toEqual({ limit: "5000", remaining: "4999", used: "1", reset: RESET, resource: "core" });
    const unknown = await call(gitHub, "GET", API);
    expect(budget(unknown.headers)).toEqual({ limit: "60", remaining: "59", used: "1", reset: RESET, resource: "core" });
    const asked = await call(gitHub, "GET", "/rate_limit", { token });
    expect(asked.body.rate).toEqual({ limit: 5000, used: 1, remaining: 4999, reset: Number(RESET) });
    expect(budget((await call(gitHub, "GET", "/repos/ana/nenhum", { token })).headers).used).toBe("2");
  });

  it("refuses what is beyond it, with 403 or 429, until it begins anew", async () => {
    const { gitHub, token, passMinutes, installationId } = await clockStage({ limits: { installationPerHour: 2 } });
    const statuses = async () => (await call(gitHub, "GET", API, { token })).status;
    expect([await statuses(), await statuses()]).toEqual([200, 200]);
    const over = await call(gitHub, "GET", API, { token });
    expect([over.status, over.body]).toEqual([
      403,
      {
        message: `API rate limit exceeded for installation ID ${installationId}.`,
        documentation_url: "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
        status: "403",
      },
    ]);
    expect(budget(over.headers)).toMatchObject({ remaining: "0", reset: RESET });
    expect(over.headers.get("retry-after")).toBeNull();
    await gitHub.setLimits({ statusOverLimit: 429 });
    expect(await statuses()).toBe(429);
    passMinutes(59);
    expect(await statuses()).toBe(429);
    passMinutes(1);
    expect(await statuses()).toBe(401);
    const fresh = await call(gitHub, "GET", "/rate_limit");
    expect(fresh.status).toBe(200);
  });

  it("is not touched by what the caller holds already", async () => {
    const { gitHub, token } = await clockStage();
    const first = await call(gitHub, "GET", API, { token });
    const etag = first.headers.get("etag") ?? "";
    const again = await call(gitHub, "GET", API, { token, headers: { "if-none-match": etag } });
    expect([again.status, again.body, again.headers.get("etag"), budget(again.headers).used]).toEqual([304, "", etag, "1"]);
    await gitHub.push({ repository: "ana/mentoria", files: { "new.md": "new\n" } });
    const commits = await call(gitHub, "GET", `${API}/commits`, { token });
    const stale = { "if-none-match": etag };
    expect((await call(gitHub, "GET", `${API}/commits`, { token, headers: stale })).status).toBe(200);
    const known = { "if-none-match": `"x", ${commits.headers.get("etag")}` };
    expect((await call(gitHub, "GET", `${API}/commits`, { token, headers: known })).status).toBe(304);
  });
});

describe("the secondary limits", () => {
  it("are GitHub's own unless they are set", async () => {
    expect(GITHUB_LIMITS).toMatchObject({
      concurrentRequests: 100,
      pointsPerMinute: 900,
      contentPerMinute: 80,
      contentPerHour: 500,
    });
  });

  it("count a GET once and a write five times in a minute, and say when to come back", async () => {
    const { gitHub, token, passMinutes, commits } = await clockStage({ limits: { pointsPerMinute: 6 } });
    const check = { token, body: { name: "Guilda", head_sha: commits[1] } };
    expect((await call(gitHub, "POST", `${API}/check-runs`, check)).status).toBe(201);
    expect((await call(gitHub, "GET", API, { token })).status).toBe(200);
    const over = await call(gitHub, "GET", API, { token });
    expect([over.status, over.headers.get("retry-after"), over.body]).toEqual([
      403,
      "60",
      {
        message: expect.stringMatching(
          /^You have exceeded a secondary rate limit\. Please wait a few minutes before you try again\./,
        ),
        documentation_url: "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
        status: "403",
      },
    ]);
    expect(Number(budget(over.headers).remaining)).toBeGreaterThan(0);
    passMinutes(1);
    expect((await call(gitHub, "GET", API, { token })).status).toBe(200);
  });

  it("bound what is written in a minute and in an hour", async () => {
    const { gitHub, token, passMinutes, commits } = await clockStage({ limits: { contentPerMinute: 1, contentPerHour: 2 } });
    const write = async () =>
      (await call(gitHub, "POST", `${API}/check-runs`, { token, body: { name: "Guilda", head_sha: commits[1] } })).status;
    expect([await write(), await write()]).toEqual([201, 403]);
    passMinutes(1);
    expect(await write()).toBe(403);
    expect((await call(gitHub, "GET", API, { token })).status).toBe(200);
  });

  it("bound what is under way at once", async () => {
    const { gitHub, token } = await clockStage({ limits: { concurrentRequests: 1 } });
    const statuses = await Promise.all(Array.from({ length: 8 }, () => call(gitHub, "GET", `${API}/commits/main`, { token })));
    const counts = statuses.map(({ status }) => status);
    expect(counts).toContain(200);
    expect(counts).toContain(403);
    expect((await call(gitHub, "GET", API, { token })).status).toBe(200);
  });
});

describe("faults", () => {
  it("lose an answer after the act is done, fail before it, or bring bytes that are no JSON", async () => {
    const { gitHub, token, commits } = await clockStage();
    const write = () => call(gitHub, "POST", `${API}/check-runs`, { token, body: { name: "Guilda", head_sha: commits[1] } });
    const made = async () => (await call(gitHub, "GET", `${API}/commits/main/check-runs?filter=all`, { token })).body.total_count;
    gitHub.faults.push({ kind: "reset-after", path: "/check-runs", method: "POST", times: 1 });
    await expect(write()).rejects.toThrow();
    expect(await made()).toBe(1);
    gitHub.faults.push({ kind: "reset-before", path: "/check-runs", method: "POST", times: 1 });
    await expect(write()).rejects.toThrow();
    gitHub.faults.push({ kind: "status", status: 502, path: "/check-runs", method: "POST", times: 1 });
    expect((await write()).status).toBe(502);
    expect(await made()).toBe(1);
    await call(gitHub, "PUT", "/__faults", {
      headers: { "content-type": "application/json" },
      body: [{ kind: "garbage", times: 1 }],
    });
    expect(await (await fetch(`${gitHub.url}/rate_limit`, { headers: { "user-agent": "x" } })).text()).toContain("<html>");
  });
});
