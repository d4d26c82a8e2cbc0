import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { changePattern } from "../judging/change-pattern.ts";
import { channelsOf, mayUse } from "../judging/channels.ts";
import type { SetChannelsInput } from "../judging/pattern-schemas.ts";
import { isPattern } from "../judging/pattern-view.ts";

/** Where it speaks once it is authoritative. @throws as `changePattern`; AppError CHECKER_REQUIRED for pull requests without a checker. */
export function setChannels({ ctx, input: { channels, ...which } }: { ctx: VerbContext; input: SetChannelsInput }) {
  const isIt = isPattern({ mentoradoId: ctx.mentoradoId, id: which.id });
  return changePattern({
    ctx,
    verb: "set_channels",
    ...which,
    guards: mayUse({ isIt, channels }),
    set: { channels: channelsOf(channels) },
    change: { channels },
  });
}
