import type { Worker } from "./read-workers.ts";

/**
 * A Worker is deployed after those it binds to, because a binding to a Worker that does not exist is refused. The edge binds to all, so
 * it comes last, and a deploy that stops half-way leaves the old front door in place.
 *
 * @returns the same Workers, leaves first; those of one depth by name.
 * @throws Error when a binding leads nowhere or in a circle.
 */
export function orderWorkers<Node extends Pick<Worker, "name" | "services">>(workers: readonly Node[]): Node[] {
  const byName = new Map(workers.map((worker) => [worker.name, worker]));
  const depths = new Map<string, number>();

  function depthOf(worker: Node, path: readonly string[]): number {
    if (path.includes(worker.name))
      throw new Error(`Bindings go in a circle: ${[...path.slice(path.indexOf(worker.name)), worker.name].join(" → ")}`);
    const known = depths.get(worker.name);
    if (known !== undefined) return known;
    const below = Object.values(worker.services).map((name) => {
      const target = byName.get(name);
      if (target === undefined) throw new Error(`${worker.name} binds to ${name}, which no wrangler.toml declares`);
      return depthOf(target, [...path, worker.name]);
    });
    const depth = below.length === 0 ? 0 : Math.max(...below) + 1;
    depths.set(worker.name, depth);
    return depth;
  }

  return workers
    .map((worker) => ({ worker, depth: depthOf(worker, []) }))
    .sort((a, b) => a.depth - b.depth || a.worker.name.localeCompare(b.worker.name))
    .map(({ worker }) => worker);
}
