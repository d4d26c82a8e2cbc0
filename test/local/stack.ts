import { join } from "node:path";
import { migrate } from "../../migrations/migrate.ts";
import { DEFAULTS } from "../../shared/config/config.ts";
import { type Anthropic, startAnthropic } from "./anthropic.ts";
import { type Asaas, startAsaas } from "./asaas.ts";
import { type Clerk, startClerk } from "./clerk.ts";
import { type GitHub, startGitHub } from "./github.ts";
import type { StandIn } from "./http-server.ts";
import { startNeon } from "./neon.ts";
import { createDatabase, startPostgres } from "./postgres.ts";
import { startQstash } from "./qstash.ts";
import { startRedis } from "./redis.ts";
import { localSecrets, ROOT, type RunningPlatform } from "./state.ts";

const DATABASE = "guilda";

export interface Stack extends RunningPlatform {
  /** The stand-ins that the story drives by hand; absent where the environment names the real service. */
  anthropic: Anthropic | undefined;
  asaas: Asaas | undefined;
  clerk: Clerk | undefined;
  github: GitHub | undefined;
  /** Ends what this stack started. */
  close(): Promise<void>;
}

/**
 * Everything that the Workers need around them: each service that `environment` names is used as it is, every other one gets its
 * stand-in. The database is migrated.
 *
 * @param folder state folder; every stand-in keeps its data there.
 * @param publicUrl where the edge will answer.
 */
export async function startStack({
  folder,
  publicUrl,
  environment,
  progress,
}: {
  folder: string;
  publicUrl: string;
  environment: Record<string, string | undefined>;
  progress: (text: string) => void;
}): Promise<Stack> {
  const secrets = localSecrets(folder);
  const given = Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1])));
  const variables: Record<string, string> = { ...secrets, PUBLIC_URL: publicUrl, CLERK_AUTHORIZED_PARTIES: publicUrl };
  const standIns: RunningPlatform["standIns"] = {};
  const closing: (() => Promise<void>)[] = [];
  function keep<Service extends StandIn>(name: string, service: Service): Service {
    standIns[name] = { url: service.url, port: service.port };
    closing.push(() => service.close());
    progress(`${name} stand-in at ${service.url}`);
    return service;
  }

  async function startDatabase(): Promise<void> {
    const url = given.DATABASE_URL ?? (await startLocalPostgres());
    const isNeon = new URL(url).hostname.endsWith(".neon.tech");
    if (!isNeon) {
      const neon = keep("neon", await startNeon({ postgresUrl: (database) => withDatabase(url, database) }));
      variables.NEON_FETCH_ENDPOINT = `${neon.url}/sql`;
    }
    variables.DATABASE_URL = url;
    const { applied } = await migrate({ url, directory: join(ROOT, "migrations") });
    progress(applied.length === 0 ? "database is up to date" : `database migrated (${applied.length} files)`);
  }

  async function startLocalPostgres(): Promise<string> {
    const postgres = await startPostgres({ dataDir: join(folder, "postgres") });
    closing.push(() => postgres.close());
    standIns.postgres = { url: postgres.url(DATABASE), port: postgres.port };
    progress(`PostgreSQL 18 on port ${postgres.port}`);
    await createDatabase({ postgres, name: DATABASE }).catch(ignoreExisting);
    return postgres.url(DATABASE);
  }

  async function startRedisService(): Promise<void> {
    if (given.UPSTASH_REDIS_REST_URL !== undefined) return;
    const redis = keep("redis", await startRedis({ token: secrets.UPSTASH_REDIS_REST_TOKEN ?? "" }));
    variables.UPSTASH_REDIS_REST_URL = redis.url;
  }

  async function startQstashService(): Promise<void> {
    if (given.QSTASH_URL !== undefined) return;
    const qstash = keep(
      "qstash",
      await startQstash({
        token: secrets.QSTASH_TOKEN ?? "",
        currentSigningKey: secrets.QSTASH_CURRENT_SIGNING_KEY ?? "",
        nextSigningKey: secrets.QSTASH_NEXT_SIGNING_KEY ?? "",
        stateDir: join(folder, "qstash"),
      }),
    );
    variables.QSTASH_URL = qstash.url;
  }

  async function startClerkService(): Promise<Clerk | undefined> {
    if (given.CLERK_JWT_KEY !== undefined) return undefined;
    const signingSecret = secrets.CLERK_WEBHOOK_SIGNING_SECRET ?? "";
    const clerk = keep(
      "clerk",
      await startClerk({
        authorizedParty: publicUrl,
        webhook: { url: `${publicUrl}/webhooks/clerk`, signingSecret },
        stateDir: join(folder, "clerk"),
      }),
    );
    variables.CLERK_JWT_KEY = clerk.jwtKey;
    variables.CLERK_SECRET_KEY = clerk.secretKey;
    variables.CLERK_PUBLISHABLE_KEY = clerk.publishableKey;
    return clerk;
  }

  async function startAsaasService(): Promise<Asaas | undefined> {
    if (given.ASAAS_API_URL !== undefined) return undefined;
    const asaas = keep("asaas", await startAsaas({ stateDir: join(folder, "asaas") }));
    variables.ASAAS_API_URL = `${asaas.url}/v3`;
    return asaas;
  }

  /** Told `ANTHROPIC_API_KEY=none`, nothing asks a model. */
  async function startAnthropicService(): Promise<Anthropic | undefined> {
    if (given.ANTHROPIC_API_URL !== undefined || given.ANTHROPIC_API_KEY !== undefined) {
      // The key of the stand-in goes nowhere else.
      Object.assign(variables, DEFAULTS);
      return undefined;
    }
    const anthropic = keep("anthropic", await startAnthropic({ apiKey: secrets.ANTHROPIC_API_KEY ?? "" }));
    variables.ANTHROPIC_API_URL = anthropic.url;
    return anthropic;
  }

  async function startGitHubService(): Promise<GitHub | undefined> {
    if (given.GITHUB_API_URL !== undefined) return undefined;
    const webhook = {
      url: `${publicUrl}/webhooks/github`,
      secret: given.GITHUB_WEBHOOK_SECRET ?? secrets.GITHUB_WEBHOOK_SECRET ?? "",
    };
    const github = keep("github", await startGitHub({ webhook, stateDir: join(folder, "github") }));
    variables.GITHUB_API_URL = github.url;
    variables.GITHUB_APP_ID = github.appId;
    variables.GITHUB_APP_PRIVATE_KEY = github.privateKey;
    return github;
  }

  const close = async () => {
    await Promise.allSettled(closing.reverse().map((end) => end()));
  };
  try {
    const [, , , clerk, asaas, github, anthropic] = await Promise.all([
      startDatabase(),
      startRedisService(),
      startQstashService(),
      startClerkService(),
      startAsaasService(),
      startGitHubService(),
      startAnthropicService(),
    ]);
    return { variables: { ...variables, ...given, PUBLIC_URL: publicUrl }, standIns, anthropic, asaas, clerk, github, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function ignoreExisting(error: unknown): void {
  if ((error as { code?: string }).code !== "42P04") throw error;
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.toString();
}
