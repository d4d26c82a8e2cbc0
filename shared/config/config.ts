import * as z from "zod";

const secret = z.string().min(1);
const PUBLIC_KEY_PEM = /^\s*-----BEGIN PUBLIC KEY-----\s[\w+/=\s]+-----END PUBLIC KEY-----\s*$/;
const PRIVATE_KEY_PEM = /^\s*-----BEGIN (RSA )?PRIVATE KEY-----\s[\w+/=\s]+-----END \1?PRIVATE KEY-----\s*$/;
const ORIGINS = /^https?:\/\/[\w.-]+(:\d+)?\/?(\s*,\s*https?:\/\/[\w.-]+(:\d+)?\/?)*$/;
const url = z.url({ protocol: /^https?$/ }).transform((value) => value.replace(/\/$/, ""));

const NO_KEY = "none";

/** Every environment variable of the platform with its shape (README, "Environment"). */
const VARIABLES = {
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  /** Local only: where Neon's HTTP protocol is spoken instead of at the database's own host. */
  NEON_FETCH_ENDPOINT: url.optional(),
  PUBLIC_URL: url,
  QSTASH_URL: url,
  QSTASH_TOKEN: secret,
  QSTASH_CURRENT_SIGNING_KEY: secret,
  QSTASH_NEXT_SIGNING_KEY: secret,
  UPSTASH_REDIS_REST_URL: url,
  UPSTASH_REDIS_REST_TOKEN: secret,
  /** PEM; secrets that pass through a one-line file carry `\n` as two characters. */
  CLERK_JWT_KEY: z.string().refine((value) => PUBLIC_KEY_PEM.test(value.replaceAll("\\n", "\n"))),
  /** Origins, separated by commas. */
  CLERK_AUTHORIZED_PARTIES: z.string().regex(ORIGINS),
  CLERK_WEBHOOK_SIGNING_SECRET: z.string().startsWith("whsec_"),
  ASAAS_API_URL: url,
  GITHUB_API_URL: url,
  GITHUB_APP_ID: secret,
  /** PEM of an RSA key, as GitHub gives it; line ends may be `\\n` as two characters. */
  GITHUB_APP_PRIVATE_KEY: z.string().refine((value) => PRIVATE_KEY_PEM.test(value.replaceAll("\\n", "\n"))),
  GITHUB_WEBHOOK_SECRET: secret,
  ANTHROPIC_API_URL: url,
  /** Undefined where no model is asked. */
  ANTHROPIC_API_KEY: secret.transform((key) => (key === NO_KEY ? undefined : key)),
  /** `<version>:<base64 of 32 bytes>`, several separated by commas; the highest version encrypts. */
  ENCRYPTION_KEY: z.string().regex(/^\d+:[A-Za-z0-9+/]{43}=(,\d+:[A-Za-z0-9+/]{43}=)*$/),
} as const;

/** What a variable is that nobody sets. A Worker declares all that it reads, so that there is a word for nothing, too. */
export const DEFAULTS: Readonly<Record<string, string>> = {
  ANTHROPIC_API_URL: "https://api.anthropic.com",
  ANTHROPIC_API_KEY: NO_KEY,
};

export type VariableName = keyof typeof VARIABLES;
export type Config<Name extends VariableName> = { [Key in Name]: z.output<(typeof VARIABLES)[Key]> };

export function isVariableName(name: string): name is VariableName {
  return Object.hasOwn(VARIABLES, name);
}

/**
 * Parses the variables that a Worker needs, all at once.
 *
 * @param env the bindings that the runtime hands to the Worker.
 * @throws Error whose message lists every missing or malformed name, and no value.
 */
export function parseConfig<Name extends VariableName>(env: object, names: readonly Name[]): Config<Name> {
  const values = env as Record<string, unknown>;
  const parsed: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const name of names) {
    const result = VARIABLES[name].safeParse(values[name] === "" ? DEFAULTS[name] : (values[name] ?? DEFAULTS[name]));
    if (result.success) parsed[name] = result.data;
    else problems.push(`${name} is ${values[name] === undefined || values[name] === "" ? "missing" : "malformed"}`);
  }
  if (problems.length > 0) throw new Error(`Configuration: ${problems.join(", ")}`);
  return parsed as Config<Name>;
}

/**
 * Keeps what is made from an `env` for the life of the isolate: the runtime passes the same object to every call.
 *
 * @param make builds the value once, at the first use.
 */
export function oncePerEnv<Env extends object, Value>(make: (env: Env) => Value): (env: Env) => Value {
  const made = new WeakMap<Env, Value>();
  return (env) => {
    let value = made.get(env);
    if (value === undefined) {
      value = make(env);
      made.set(env, value);
    }
    return value;
  };
}
