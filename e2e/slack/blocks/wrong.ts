// What Slack refuses, and what the check must refuse too: each directive fails where
// the line below it is no error.
import type { KnownBlock } from "@slack/types";

export const wrong: KnownBlock[] = [
  // @ts-expect-error a feedback button without its value
  { type: "context_actions", elements: [{ type: "feedback_buttons", action_id: "feedback", positive_button: { text: { type: "plain_text", text: "Yes" } }, negative_button: { text: { type: "plain_text", text: "No" }, value: "down" } }] },
  // @ts-expect-error a text that is neither plain_text nor mrkdwn
  { type: "section", text: { type: "markdown", text: "a" } },
  // @ts-expect-error a table's cell without text
  { type: "table", rows: [[{ type: "raw_text" }]] },
  // @ts-expect-error a list in a style that there is none of
  { type: "rich_text", elements: [{ type: "rich_text_list", style: "round", elements: [] }] },
];
