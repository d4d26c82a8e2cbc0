import { WorkerEntrypoint } from "cloudflare:workers";
import { oncePerEnv, parseConfig } from "../../shared/config/config.ts";
import { createKeyring } from "../../shared/db/sensitive.ts";
import { checkReadiness, openKernel } from "../../shared/kernel.ts";
import { receiveWebhook, type WebhookDependencies } from "./receive-webhook.ts";

const open = oncePerEnv((env: WebhooksEnv): WebhookDependencies => {
  const config = parseConfig(env, ["ENCRYPTION_KEY", "CLERK_WEBHOOK_SIGNING_SECRET", "GITHUB_WEBHOOK_SECRET"]);
  return {
    kernel: openKernel({ env, worker: "webhooks" }),
    keyring: createKeyring(config.ENCRYPTION_KEY),
    clerkSigningSecret: config.CLERK_WEBHOOK_SIGNING_SECRET,
    githubSecret: config.GITHUB_WEBHOOK_SECRET,
    knownTokens: new Map(),
  };
});

/** The durable inbox: verifies deliveries of providers and stores them with the job that looks at them. */
export default class Webhooks extends WorkerEntrypoint<WebhooksEnv> {
  override fetch(request: Request): Promise<Response> {
    return receiveWebhook({ ...open(this.env), request, waitUntil: (work) => this.ctx.waitUntil(work) });
  }

  ready() {
    return checkReadiness(open(this.env).kernel);
  }
}
