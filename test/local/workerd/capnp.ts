export interface CapnpWorker {
  name: string;
  /** Its bundle, beside the configuration. */
  file: string;
  compatibilityDate: string;
  /** Binding → name of the Worker behind it. */
  services: Readonly<Record<string, string>>;
  variables: Readonly<Record<string, string>>;
}

/** @returns a configuration of `workerd serve`: all Workers, and one socket at loopback for the public one. */
export function writeCapnp({
  workers,
  publicWorker,
  port,
}: {
  workers: readonly CapnpWorker[];
  publicWorker: string;
  port: number;
}): string {
  const services = workers.map(({ name }, index) => `    (name = ${text(name)}, worker = .worker${index}),`);
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
${services.join("\n")}
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = ${text(publicWorker)})],
);
${workers.map(writeWorker).join("")}`;
}

function writeWorker({ file, compatibilityDate, services, variables }: CapnpWorker, index: number): string {
  const bindings = [
    ...Object.entries(variables).map(([name, value]) => `    (name = ${text(name)}, text = ${text(value)}),`),
    ...Object.entries(services).map(([name, service]) => `    (name = ${text(name)}, service = ${text(service)}),`),
  ];
  return `
const worker${index} :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed ${text(file)})],
  compatibilityDate = ${text(compatibilityDate)},
  bindings = [
${bindings.join("\n")}
  ],
);
`;
}

/** The escapes of JSON that ASCII text needs are those of Cap'n Proto as well. */
function text(value: string): string {
  return JSON.stringify(value);
}
