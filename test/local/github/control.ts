import { requestAction, rerequestCheck } from "./check-acts.ts";
import { type Act, CONTROL_INPUTS, type ControlInput } from "./control-inputs.ts";
import { type Stage, sendPing } from "./events.ts";
import { chooseRepositories, install, suspend, uninstall, unsuspend } from "./installation-acts.ts";
import { closePull, comment, mergePull, openPull, reopenPull } from "./pull-acts.ts";
import { deleteBranch, push } from "./push-acts.ts";
import { addRepository, renameRepository, setVisibility } from "./repository-acts.ts";
import { recentDeliveries } from "./webhooks.ts";
import { required } from "./world.ts";

type ActOn<Name extends Act> = (stage: Stage, input: ControlInput<Name>) => unknown;

const ACTS = {
  addRepository,
  renameRepository,
  setVisibility,
  install,
  chooseRepositories,
  suspend,
  unsuspend,
  uninstall,
  push,
  deleteBranch,
  openPull,
  closePull,
  reopenPull,
  mergePull,
  comment,
  rerequestCheck,
  requestAction,
  ping: (stage: Stage) => sendPing(stage),
  redeliver: ({ world, webhooks }: Stage, { deliveryId }: ControlInput<"redeliver">) =>
    webhooks.redeliver(required(recentDeliveries(world).find(({ id }) => id === deliveryId))),
  setLimits: ({ world }: Stage, limits: ControlInput<"setLimits">) => {
    const unknown = Object.keys(limits).filter((name) => !(name in world.limits));
    if (unknown.length > 0) throw new Error(`no such limit: ${unknown.join(", ")}`);
    return Object.assign(world.limits, limits);
  },
} satisfies { [Name in Act]: ActOn<Name> };

/** What happens at GitHub without a call of ours. What is impossible throws. */
export type Control = {
  [Name in Act]: (input: ControlInput<Name>) => Promise<Awaited<ReturnType<(typeof ACTS)[Name]>>>;
};

/** The acts, one after another: what an act reads does not change under it. */
export function createControl(stage: Stage): Control {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (act: (stage: Stage, input: never) => unknown) => (input: unknown) => {
    const turn = last.then(async () => {
      const result = await act(stage, input as never);
      stage.world.save();
      return result;
    });
    last = turn.catch(() => undefined);
    return turn;
  };
  return Object.fromEntries(Object.entries(ACTS).map(([name, act]) => [name, inTurn(act)])) as unknown as Control;
}

/** @returns whether the name is an act's. */
export function isAct(name: string): name is Act {
  return Object.hasOwn(CONTROL_INPUTS, name);
}
