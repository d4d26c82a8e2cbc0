import { startGitHub } from "../../local/github.ts";
import { SECRET } from "./github-secret.ts";

/** A GitHub in a process of its own, to be killed: prints where it is and how the App signs in, and lives on. */
const [, , stateDir = "", webhookUrl = ""] = process.argv;
const { url, appId, privateKey } = await startGitHub({ stateDir, webhook: { url: webhookUrl, secret: SECRET } });
console.log(JSON.stringify({ url, appId, privateKey }));
