import { hash } from "node:crypto";
import * as z from "zod";
import type { MessageRequest } from "./wire.ts";

const entry = z.object({
  id: z.string(),
  decision: z.string(),
  choice: z.string(),
  folder: z.string(),
  sentence: z.string(),
});
export type Entry = z.output<typeof entry>;

/** The entries that a request asks words for; none when it asks for something else. */
export function readEntries({ messages }: MessageRequest): Entry[] {
  const text = messages.map(({ content }) =>
    typeof content === "string" ? content : content.map((block) => block.text).join(""),
  );
  const [, , json] = /<untrusted-([0-9a-f]+)>\n([\s\S]*)\n<\/untrusted-\1>/.exec(text.join("\n")) ?? [];
  return json === undefined ? [] : z.array(entry).parse(JSON.parse(json));
}

/** Of what a request says the same each time: neither ids nor marks, counts nor places. */
export function stableHash({ model, system, tools }: MessageRequest, entries: readonly Entry[]): string {
  const conventions = entries.map(({ decision, choice, folder, sentence }) => [decision, choice, folder, sentence]);
  return hash("sha256", JSON.stringify([model, system, tools, conventions]));
}

/** Words for what was not recorded: the entry's own sentence, without markup. */
export function wordByRule({ id, folder, sentence }: Entry): { id: string; name: string; description: string } {
  const plain = sentence
    .replace(/\s*Counted: .*$/s, "")
    .replaceAll(/[^\p{Script=Latin}0-9 .,;:'()/+=&%?!-]/gu, "")
    .replaceAll(/\s+/g, " ")
    .trim()
    .replace(/\.$/, "");
  const lower = plain.charAt(0).toLowerCase() + plain.slice(1);
  const where = /^[a-zA-Z/-]+$/.test(folder) ? `in ${folder}` : "here";
  return {
    id,
    name: `House style: ${lower}`.slice(0, 80).trim(),
    description: `New code ${where} follows what most of the code does already: ${lower}.`.slice(0, 400),
  };
}
