// Writes each golden file as a TypeScript literal of the type that Slack's own packages
// give it: messages as arguments of chat.postMessage, views as of views.publish or
// views.open. Excess fields count as errors, as they do for Slack.
//
//   node types.mjs GOLDEN FOLDER
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const [golden, folder] = process.argv.slice(2);

// Fields that we send and @slack/types does not declare, each with the reason.
const allowed = [
  {
    // slack-go writes the offset of every list and cannot leave it out; the types of 3.2.0
    // do not declare it.
    is: (o) => o.type === "rich_text_list" && o.offset === 0,
    drop: "offset",
  },
];

function known(value) {
  if (Array.isArray(value)) return value.map(known);
  if (value === null || typeof value !== "object") return value;
  const out = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, known(v)]));
  for (const a of allowed) if (a.is(out)) delete out[a.drop];
  return out;
}

let n = 0;
for (const file of readdirSync(golden).filter((f) => f.endsWith(".json")).sort()) {
  const sent = known(JSON.parse(readFileSync(join(golden, file), "utf8")));
  const lines = [
    'import type { HomeView, KnownBlock, ModalView } from "@slack/types";',
    'import type { ChatPostMessageArguments } from "@slack/web-api";',
  ];
  const add = (type, value) => lines.push(`export const v${lines.length}: ${type} = ${JSON.stringify(value, null, 1)};`);
  for (const m of sent.messages ?? []) {
    add("KnownBlock[]", m.blocks);
    add("ChatPostMessageArguments", { channel: "C0CHANNEL", ...m });
  }
  if (sent.view) {
    add("KnownBlock[]", sent.view.blocks);
    add(sent.view.type === "home" ? "HomeView" : "ModalView", sent.view);
  }
  if (lines.length === 2) throw new Error(`${file} holds neither messages nor a view`);
  writeFileSync(join(folder, basename(file, ".json") + ".ts"), lines.join("\n") + "\n");
  n++;
}
if (n === 0) throw new Error(`no golden files in ${golden}`);
console.log(n);
