import { json, type WireAnswer } from "../../http-server.ts";
import type { UrlGroup } from "../publisher.ts";
import { Refusal } from "../refusal.ts";
import { readUrl } from "../settings.ts";
import type { Call, Route } from "./route.ts";

const GROUP_NAME = /^[\w.-]{1,256}$/;

export const GROUP_ROUTES: Route[] = [
  { method: "GET", path: "/v2/topics", answer: ({ broker }) => json(200, [...broker.groups.values()]) },
  { method: "GET", path: "/v2/topics/:id", answer: (call) => json(200, found(call)) },
  { method: "DELETE", path: "/v2/topics/:id", answer: remove },
  { method: "POST", path: "/v2/topics/:id/endpoints", answer: addEndpoints },
  { method: "DELETE", path: "/v2/topics/:id/endpoints", answer: removeEndpoints },
];

function remove(call: Call): WireAnswer {
  call.broker.groups.delete(found(call).name);
  return { status: 200 };
}

/** An endpoint of a name or a URL that the group has already replaces that one. */
function addEndpoints({ broker, request, id }: Call): WireAnswer {
  if (!GROUP_NAME.test(id)) throw new Refusal(400, "invalid URL group name: letters, digits, '-', '_' and '.' only");
  const now = Date.now();
  const group = broker.groups.get(id) ?? { name: id, createdAt: now, updatedAt: now, endpoints: [] };
  for (const { name, url } of readEndpoints(request.body)) {
    const endpoint = { name, url: readUrl(url ?? "") };
    group.endpoints = [...group.endpoints.filter((known) => !isSame(known, endpoint)), endpoint];
  }
  broker.groups.set(id, { ...group, updatedAt: now });
  return { status: 200 };
}

/** A group without endpoints goes. */
function removeEndpoints(call: Call): WireAnswer {
  const group = found(call);
  const unwanted = readEndpoints(call.request.body);
  const endpoints = group.endpoints.filter((known) => !unwanted.some((endpoint) => isSame(known, endpoint)));
  if (endpoints.length === 0) call.broker.groups.delete(group.name);
  else call.broker.groups.set(group.name, { ...group, endpoints, updatedAt: Date.now() });
  return { status: 200 };
}

interface EndpointChoice {
  name?: string | undefined;
  url?: string | undefined;
}

function isSame(known: EndpointChoice, other: EndpointChoice): boolean {
  return (known.name !== undefined && known.name === other.name) || (known.url !== undefined && known.url === other.url);
}

function readEndpoints(body: Buffer): EndpointChoice[] {
  const { endpoints } = JSON.parse(body.toString()) as { endpoints?: EndpointChoice[] };
  if (!Array.isArray(endpoints)) throw new Refusal(400, "endpoints is missing");
  return endpoints;
}

function found({ broker, id }: Call): UrlGroup {
  const group = broker.groups.get(id);
  if (group === undefined) throw new Refusal(404, `URL group ${id} not found`);
  return group;
}
