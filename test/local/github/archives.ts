import { createHmac, timingSafeEqual } from "node:crypto";
import type { WireAnswer, WireRequest } from "../http-server.ts";
import type { RepositoryCall } from "./call.ts";
import { git } from "./git.ts";
import { resolveCommit } from "./history.ts";
import type { Repository } from "./state.ts";
import { accountOf, directoryOf, findByName, fullName, type World } from "./world.ts";

const TOKEN_LIFETIME_MS = 5 * 60 * 1000;
const SHORT_SHA = 7;
const PATH = /^\/codeload\/([^/]+\/[^/]+)\/legacy\.tar\.gz\/([^?]+)$/;

/** `GET /repos/{owner}/{repo}/tarball/{ref}`: leads to another place, whose address is good for five minutes and needs no token. */
export function answerTarball({ world, repository, params }: RepositoryCall): WireAnswer {
  const ref = params[0] || repository.defaultBranch;
  const expires = world.now().getTime() + TOKEN_LIFETIME_MS;
  const token = `${expires}.${signature({ world, repository, ref, expires })}`;
  const path = ref.split("/").map(encodeURIComponent).join("/");
  const location = `${world.url}/codeload/${fullName(world, repository)}/legacy.tar.gz/${path}?token=${token}`;
  return { status: 302, headers: { location, "content-type": "text/html;charset=utf-8" }, body: "" };
}

/** The other place: the archive itself, in chunks of a length that is not known beforehand. @returns undefined for any other path. */
export async function answerArchive({ world, request }: { world: World; request: WireRequest }): Promise<WireAnswer | undefined> {
  const url = new URL(request.path, world.url);
  const match = PATH.exec(url.pathname);
  if (match === null || request.method !== "GET") return undefined;
  const [name = "", ref = ""] = match.slice(1).map((part) => decodeURIComponent(part));
  const repository = findByName(world, name);
  if (repository === undefined || !isGood({ world, repository, ref, token: url.searchParams.get("token") ?? "" }))
    return missing();
  const directory = directoryOf(world, repository);
  const sha = await resolveCommit({ directory, ref });
  if (sha === undefined) return missing();
  const prefix = `${accountOf(world, repository.ownerId).login}-${repository.name}-${sha.slice(0, SHORT_SHA)}`;
  const { stdout } = await git({ directory, args: ["archive", "--format=tar.gz", `--prefix=${prefix}/`, sha] });
  return {
    status: 200,
    headers: {
      "content-type": "application/x-gzip",
      "content-disposition": `attachment; filename=${prefix}.tar.gz`,
      "transfer-encoding": "chunked",
      etag: `W/"${sha}"`,
    },
    body: stdout.subarray(0, world.limits.archiveBytes ?? stdout.length),
  };
}

function missing(): WireAnswer {
  return { status: 404, headers: { "content-type": "text/plain; charset=utf-8" }, body: "404: Not Found" };
}

function isGood({
  world,
  repository,
  ref,
  token,
}: {
  world: World;
  repository: Repository;
  ref: string;
  token: string;
}): boolean {
  const [expires = "", given = ""] = token.split(".");
  const expected = signature({ world, repository, ref, expires: Number(expires) });
  const isSigned = given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
  return isSigned && Number(expires) > world.now().getTime();
}

function signature({
  world,
  repository,
  ref,
  expires,
}: {
  world: World;
  repository: Repository;
  ref: string;
  expires: number;
}): string {
  return createHmac("sha256", world.state.archiveSecret).update(`${repository.id} ${ref} ${expires}`).digest("hex");
}
