// The page on which a golden file is drawn: one message below the other, or a view.
import { createRoot } from "react-dom/client";
import { Message } from "slack-blocks-to-jsx";
import "slack-blocks-to-jsx/dist/style.css";

const logo =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><rect width="36" height="36" rx="8" fill="#1d3f6e"/><path d="M5 24h26M7 24c2-8 20-8 22 0M12 24v-4.4M18 24v-6M24 24v-4.4" stroke="#fff" stroke-width="2" fill="none"/></svg>',
  );

const data = {
  users: [
    { id: "U0ASKER", name: "asker" },
    { id: "U0EXPERT", name: "expert" },
  ],
  channels: [{ id: "C0CHANNEL", name: "research-security" }],
};

window.draw = (sent) => {
  const all = sent.messages ?? [sent.view];
  createRoot(document.getElementById("root")).render(
    all.map((m, i) => (
      <Message key={i} theme="light" logo={logo} name="Kakehashi" time={new Date("2026-11-09T09:00:00")} blocks={m.blocks} data={data} withoutWrapper={!sent.messages} />
    )),
  );
};
