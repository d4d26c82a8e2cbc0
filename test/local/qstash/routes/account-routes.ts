import { json, type WireAnswer } from "../../http-server.ts";
import { rotateKeys } from "../broker.ts";
import type { FlowPin } from "../flow-control.ts";
import type { Call, Route } from "./route.ts";

/** Signing keys and flow control. */
export const ACCOUNT_ROUTES: Route[] = [
  { method: "GET", path: "/v2/keys", answer: ({ broker }) => json(200, broker.keys) },
  { method: "POST", path: "/v2/keys/rotate", answer: ({ broker }) => json(200, rotateKeys(broker.keys)) },
  { method: "GET", path: "/v2/globalParallelism", answer: globalParallelism },
  { method: "GET", path: "/v2/flowControl/:id", answer: ({ broker, id }) => json(200, broker.flowControl.view(id)) },
  { method: "POST", path: "/v2/flowControl/:id/pause", answer: (call) => pin(call, { paused: true }) },
  { method: "POST", path: "/v2/flowControl/:id/resume", answer: (call) => pin(call, { paused: false }) },
  { method: "POST", path: "/v2/flowControl/:id/pin", answer: pinLimits },
  { method: "POST", path: "/v2/flowControl/:id/unpin", answer: unpinLimits },
  { method: "POST", path: "/v2/flowControl/:id/resetRate", answer: resetRate },
];

function globalParallelism({ broker }: Call): WireAnswer {
  return json(200, { parallelismMax: broker.concurrency, parallelismCount: broker.courier.inFlight });
}

function pin({ broker, id }: Call, change: FlowPin): WireAnswer {
  broker.flowControl.pin(id, change);
  return { status: 200 };
}

function pinLimits(call: Call): WireAnswer {
  const given = (name: string) => (call.query.has(name) ? Number(call.query.get(name)) : undefined);
  const limits = Object.entries({ parallelism: given("parallelism"), rate: given("rate"), periodSeconds: given("period") });
  return pin(call, Object.fromEntries(limits.filter(([, value]) => value !== undefined)));
}

function unpinLimits(call: Call): WireAnswer {
  const wanted = (name: string) => call.query.get(name) === "true";
  return pin(call, {
    ...(wanted("parallelism") ? { parallelism: undefined } : {}),
    ...(wanted("rate") ? { rate: undefined, periodSeconds: undefined } : {}),
  });
}

function resetRate({ broker, id }: Call): WireAnswer {
  broker.flowControl.resetRate(id);
  return { status: 200 };
}
