// Reads each picture in a folder with Mermaid's own parser, as `tests/validity.rs` asks it to:
//
//     node parse.mjs PACKAGES PICTURES
//
// PACKAGES holds the node_modules of the lockfile beside this file. Ends with 1 where a picture is not taken.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [packages, pictures] = process.argv.slice(2).map((folder) => resolve(folder));
const { JSDOM } = createRequire(join(packages, "index.js"))("jsdom");
const { window } = new JSDOM("<body></body>");
Object.assign(globalThis, { window, document: window.document });
const path = join(packages, "node_modules/mermaid/dist/mermaid.core.mjs");
const mermaid = (await import(pathToFileURL(path))).default;
const limit = mermaid.mermaidAPI.defaultConfig.maxTextSize;

let read = 0;
for (const name of readdirSync(pictures)) {
  const picture = readFileSync(join(pictures, name), "utf8");
  try {
    // The parser minds the number of edges; the length is minded where the picture is drawn.
    if (picture.length > limit) throw new Error(`${picture.length} characters, and Mermaid draws ${limit}`);
    const { diagramType } = await mermaid.parse(picture);
    if (!diagramType.startsWith("flowchart")) throw new Error(`a ${diagramType} and no flowchart`);
    read += 1;
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}
console.log(`${read} pictures`);
