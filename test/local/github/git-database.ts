import { json, type WireAnswer } from "../http-server.ts";
import { notFound, refuse } from "./answers.ts";
import { type RepositoryCall, wants } from "./call.ts";
import { git } from "./git.ts";
import { isSha, resolveCommit } from "./history.ts";
import { repositoryUrl } from "./repository-view.ts";
import type { Schemas } from "./state.ts";
import { fullName } from "./world.ts";

const BASE64_LINE = 60;

/** `GET /repos/{owner}/{repo}/git/trees/{sha}`, of a tree, a commit or a ref; cut off, and marked so, beyond the limits. */
export async function answerTree(call: RepositoryCall): Promise<WireAnswer> {
  const { directory, params, query, world } = call;
  const sha = await treeOf(call, params[0] ?? "");
  const args = ["ls-tree", "-z", "-l", ...(query.has("recursive") ? ["-r", "-t"] : []), sha];
  const listing = (await git({ directory, args })).stdout.toString();
  const api = `${repositoryUrl(world, fullName(world, call.repository))}/git`;
  const tree: Schemas["git-tree"]["tree"] = [];
  let bytes = 0;
  let truncated = false;
  for (const record of listing.split("\0").slice(0, -1)) {
    const entry = treeEntry(record, api);
    bytes += JSON.stringify(entry).length + 1;
    truncated = tree.length >= world.limits.treeEntries || bytes > world.limits.treeBytes;
    if (truncated) break;
    tree.push(entry);
  }
  return json(200, { sha, url: `${api}/trees/${sha}`, tree, truncated } satisfies Schemas["git-tree"]);
}

/** `GET /repos/{owner}/{repo}/git/blobs/{sha}`, in base64 or, by `application/vnd.github.raw`, as it is. */
export async function answerBlob(call: RepositoryCall): Promise<WireAnswer> {
  const { directory, params, world } = call;
  const sha = params[0] ?? "";
  if (!isSha(sha)) {
    throw refuse({
      status: 422,
      message: "The sha parameter must be exactly 40 characters and contain only [0-9a-f].",
      page: "git/blobs#get-a-blob",
    });
  }
  const { status, stdout } = await git({ directory, args: ["cat-file", "blob", sha], accepts: [0, 1, 128] });
  if (status !== 0) throw notFound();
  if (wants(call, "raw")) {
    return { status: 200, headers: { "content-type": "application/vnd.github.raw; charset=utf-8" }, body: stdout };
  }
  const base64 = stdout.toString("base64");
  const answer: Schemas["blob"] = {
    sha,
    node_id: Buffer.from(`B:${call.repository.id}:${sha}`).toString("base64"),
    size: stdout.length,
    url: `${repositoryUrl(world, fullName(world, call.repository))}/git/blobs/${sha}`,
    content: base64.replaceAll(new RegExp(`.{1,${BASE64_LINE}}`, "g"), "$&\n"),
    encoding: "base64",
  };
  return json(200, answer);
}

async function treeOf({ directory }: RepositoryCall, name: string): Promise<string> {
  const object = isSha(name) ? name : await resolveCommit({ directory, ref: name });
  if (object === undefined) throw notFound();
  const args = ["rev-parse", "--quiet", "--verify", "--end-of-options", `${object}^{tree}`];
  const { status, stdout } = await git({ directory, args, accepts: [0, 1, 128] });
  if (status !== 0) throw notFound();
  return stdout.toString().trim();
}

/** A line of `git ls-tree -l`: mode, type, sha, size or `-`, a tab and the path. */
function treeEntry(record: string, api: string): Schemas["git-tree"]["tree"][number] {
  const [, mode = "", type = "", sha = "", size = "", path = ""] = /^(\d+) (\w+) (\w+) +(-|\d+)\t(.*)$/s.exec(record) ?? [];
  if (type === "commit") return { path, mode, type, sha };
  return { path, mode, type, sha, ...(size !== "-" && { size: Number(size) }), url: `${api}/${type}s/${sha}` };
}
