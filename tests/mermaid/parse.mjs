// Reads the pictures of the `mermaid` output with Mermaid's own parser: those of the sample reports, the demo's, and each step of
// fixtures/causes.
//
//     (mkdir -p /tmp/mermaid && cd /tmp/mermaid && npm install mermaid jsdom)
//     MERMAID=/tmp/mermaid DRIFTGATE=target/debug/driftgate node tests/mermaid.mjs
//
// Without MERMAID it says so and ends with 0: nothing was tried then.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const root = resolve(import.meta.dirname, "..");
const program = resolve(process.env.DRIFTGATE ?? join(root, "target/debug/driftgate"));
if (!process.env.MERMAID) {
  console.log("skipped: MERMAID names no folder with mermaid and jsdom");
  process.exit(0);
}
const packages = createRequire(join(resolve(process.env.MERMAID), "index.js"));
const { JSDOM } = packages("jsdom");
const { window } = new JSDOM("<body></body>");
Object.assign(globalThis, { window, document: window.document });
const path = join(resolve(process.env.MERMAID), "node_modules/mermaid/dist/mermaid.core.mjs");
const mermaid = (await import(pathToFileURL(path))).default;

function drawn(...words) {
  try {
    return execFileSync(program, [...words, "--format", "mermaid"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch (error) {
    if (error.status === 1) return error.stdout;
    throw error;
  }
}

const pictures = new Map([["the demo", drawn("check", "fixtures/demo/proposed", "--date", "2026-12-01")]]);
const samples = join(root, "fixtures/outputs/mermaid");
for (const name of readdirSync(samples)) pictures.set(`sample ${name}`, readFileSync(join(samples, name), "utf8"));
const causes = "fixtures/causes";
for (const name of readdirSync(join(root, causes))) {
  const [old, now] = ["old", "new"].map((side) => join(causes, name, side));
  if (existsSync(join(root, old))) pictures.set(`${causes}/${name}`, drawn("diff", old, now));
}
let wrong = 0;
for (const [name, picture] of pictures) {
  try {
    const { diagramType } = await mermaid.parse(picture);
    if (!diagramType.startsWith("flowchart")) throw new Error(`a ${diagramType} and no flowchart`);
  } catch (error) {
    wrong += 1;
    console.error(`${name}: ${error.message}`);
  }
}
console.log(`${pictures.size} pictures, ${wrong} that Mermaid does not take`);
process.exit(wrong ? 1 : 0);
