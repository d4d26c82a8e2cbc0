import { forbidden } from "./answers.ts";
import type { Call } from "./call.ts";
import type { Account } from "./state.ts";
import { nextId, type World } from "./world.ts";

/** The account that the App acts as. */
export function botOf(world: World): Account {
  const login = `${world.state.app.slug}[bot]`;
  const known = world.state.accounts.find((each) => each.login === login);
  if (known !== undefined) return known;
  const bot: Account = { id: nextId(world), login, type: "Bot" };
  world.state.accounts.push(bot);
  return bot;
}

/** @throws Refusal (403) when the App would touch what somebody else wrote. */
export function requireOwn({ world }: Call, { userId }: { userId: number }): void {
  if (userId !== botOf(world).id) throw forbidden();
}
