import { type StandIn, serve, type WireRequest } from "../local/http-server.ts";

export interface WebhookReceiver extends StandIn {
  /** Every request that arrived, in order, those answered with a failure too. */
  received: WireRequest[];
  /** Statuses of the next answers; 200 when used up. */
  answers: number[];
}

/** The far end of a webhook: keeps what arrives and answers as told. */
export async function startWebhookReceiver({
  onArrival = () => undefined,
}: {
  onArrival?: (request: WireRequest) => void;
} = {}): Promise<WebhookReceiver> {
  const received: WireRequest[] = [];
  const answers: number[] = [];
  const standIn = await serve({
    handle: async (request) => {
      received.push(request);
      onArrival(request);
      return { status: answers.shift() ?? 200, body: "{}" };
    },
  });
  return { ...standIn, received, answers };
}
