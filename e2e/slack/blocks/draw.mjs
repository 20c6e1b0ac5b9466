// Draws each golden file to a PNG with a React rendering of Slack's blocks. Fails on
// anything that the page says is wrong, and on a block that is not drawn.
//
//   node draw.mjs GOLDEN BUNDLE FOLDER CHROMIUM
import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";

const [golden, bundle, folder, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let n = 0;
try {
  for (const file of readdirSync(golden).filter((f) => f.endsWith(".json")).sort()) {
    const sent = JSON.parse(readFileSync(join(golden, file), "utf8"));
    const page = await browser.newPage({ viewport: { width: 760, height: 60 }, deviceScaleFactor: 1.25 });
    const faults = [];
    page.on("pageerror", (e) => faults.push(e.message));
    page.on("console", (m) => m.type() === "error" && faults.push(m.text()));
    await page.route("**/*", (r) => (/^(data|file):/.test(r.request().url()) ? r.continue() : r.abort()));
    await page.setContent('<html><body style="margin:0;padding:12px;background:#fff;font-family:Lato,\'Liberation Sans\',\'Noto Sans CJK JP\',sans-serif"><div id="root"></div></body></html>');
    await page.addStyleTag({ path: join(bundle, "page.css") });
    await page.addScriptTag({ path: join(bundle, "page.js") });
    await page.evaluate((s) => window.draw(s), sent);
    const words = firstWords(sent);
    await page.getByText(words, { exact: false }).first().waitFor({ timeout: 10000 });
    if (faults.length > 0) throw new Error(`${file}: ${faults.join("; ")}`);
    await page.screenshot({ path: join(folder, basename(file, ".json") + ".png"), fullPage: true });
    await page.close();
    n++;
  }
} finally {
  await browser.close();
}
console.log(n);

// firstWords are what a drawn file must show somewhere: the beginning of its first text.
function firstWords(value) {
  let found = "";
  (function walk(v) {
    if (found || v === null || typeof v !== "object") return;
    if (typeof v.text === "string" && ["text", "plain_text", "raw_text"].includes(v.type) && v.text.trim().length > 3) {
      found = v.text.trim().split("\n")[0].slice(0, 20);
      return;
    }
    Object.values(v).forEach(walk);
  })((value.messages ?? [value.view]).map((m) => m.blocks));
  return found;
}
