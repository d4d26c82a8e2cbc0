import { UnavailableError } from "../../shared/errors/app-error.ts";
import type { Caller } from "../../shared/trpc/caller.ts";
import type { Groups, RouteGroupName } from "./groups.ts";

/**
 * Lets a group Worker answer a tRPC request; the answer may stream and is not looked at.
 *
 * @throws UnavailableError, with the cause, when the group does not answer.
 */
export async function callGroup({
  groups,
  group,
  request,
  caller,
}: {
  groups: Groups;
  group: RouteGroupName;
  request: Request;
  caller: Caller;
}): Promise<Response> {
  try {
    return await groups[group].trpc(request, caller);
  } catch (cause) {
    throw new UnavailableError(undefined, { cause });
  }
}
