import * as z from "zod";
import { json, type WireAnswer, type WireRequest } from "../http-server.ts";
import { Refusal } from "./answers.ts";
import { type Control, isAct } from "./control.ts";
import { CONTROL_INPUTS } from "./control-inputs.ts";

/** `POST /local/<act>` and `POST /local/idle`, which answers when no delivery is on its way. @returns undefined for any other path. */
export async function answerControl({
  request,
  control,
  idle,
}: {
  request: WireRequest;
  control: Control;
  idle: () => Promise<void>;
}): Promise<WireAnswer | undefined> {
  const name = /^\/local\/(\w+)$/.exec(request.path)?.[1];
  if (name === undefined || request.method !== "POST") return undefined;
  if (name === "idle") {
    await idle();
    return json(200, {});
  }
  if (!isAct(name)) return json(404, { message: `no act ${name}` });
  const input = CONTROL_INPUTS[name].safeParse(request.body.length === 0 ? {} : JSON.parse(request.body.toString()));
  if (!input.success) return json(400, { message: z.prettifyError(input.error) });
  try {
    const act: (input: never) => Promise<unknown> = control[name];
    return json(200, (await act(input.data as never)) ?? {});
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    return json(409, { message: error instanceof Error ? error.message : String(error) });
  }
}
