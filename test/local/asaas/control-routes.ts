import * as z from "zod";
import { json, type WireAnswer, type WireRequest } from "../http-server.ts";
import { CHARGEBACK_STEPS, dispute } from "./chargebacks.ts";
import type { Finder } from "./control.ts";
import { pay } from "./money-moves.ts";
import type { PaymentCall } from "./payment-state.ts";
import { settleRefund } from "./refunds.ts";
import { passCycle, shown } from "./subscription-cycle.ts";
import { notFound, refuse } from "./wire.ts";

const accountBody = z.strictObject({ requestLimit: z.int().nonnegative().optional(), holdsRefunds: z.boolean().optional() });
const payBody = z.object({
  via: z.enum(["pix", "boleto", "card"]),
  through: z.array(z.enum(["CONFIRMED", "RECEIVED"])).optional(),
});
const disputeBody = z.object({ step: z.enum(CHARGEBACK_STEPS) });
const settleBody = z.object({ outcome: z.enum(["done", "denied"]) });

/** The `/local` paths that `Control` names. @returns undefined for any other path. */
export function answerControl({ request, find }: { request: WireRequest; find: Finder }): WireAnswer | undefined {
  const [, kind, id = "", verb] = /^\/local\/(account|payments|subscriptions)(?:\/([^/]+)\/([^/]+))?$/.exec(request.path) ?? [];
  switch (`${request.method} ${kind ?? ""}/${verb ?? ""}`) {
    case "PUT account/": {
      const account = find.account(request.headers.access_token);
      if (account === undefined) return notFound("Conta");
      return withBody(request, accountBody, (knobs) => {
        Object.assign(account, knobs);
        return json(200, knobs);
      });
    }
    case "POST payments/pay":
      return ofPayment(find, id, (call) => withBody(request, payBody, ({ via, through }) => pay({ call, via, through })));
    case "POST payments/dispute":
      return ofPayment(find, id, (call) => withBody(request, disputeBody, ({ step }) => dispute(call, step)));
    case "POST payments/settle-refund":
      return ofPayment(find, id, (call) => withBody(request, settleBody, ({ outcome }) => settleRefund(call, outcome)));
    case "POST subscriptions/cycle": {
      const call = find.aboutSubscription(id);
      if (call === undefined) return notFound("Assinatura");
      passCycle(call);
      return json(200, shown(call.subscription));
    }
    default:
      return undefined;
  }
}

function ofPayment(find: Finder, id: string, act: (call: PaymentCall) => WireAnswer): WireAnswer {
  const call = find.aboutPayment(id);
  return call === undefined ? notFound("Cobrança") : act(call);
}

function withBody<Body>(request: WireRequest, schema: z.ZodType<Body>, act: (body: Body) => WireAnswer): WireAnswer {
  const { data, error } = schema.safeParse(parsed(request.body));
  return error === undefined ? act(data) : refuse(400, { code: "invalid_body", description: z.prettifyError(error) });
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
