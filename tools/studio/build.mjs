// Bundles CodeMirror for the page of `sentry-ophio studio`: `make studio-assets`.
//
//     node build.mjs FOLDER
//
// It writes codemirror.js, one minified module, and codemirror.LICENSE.txt, which has the name,
// version and licence of each package that is in the bundle. It runs in a folder with the packages
// of package-lock.json, so the same lock file makes the same bytes. Both files are committed: the
// package builds without node and without a network.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const folder = process.argv[2];
const result = await build({
  entryPoints: ["codemirror.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2021",
  charset: "ascii",
  legalComments: "none",
  metafile: true,
  write: false,
});

const names = new Set();
for (const [path, { bytesInOutput }] of Object.entries(
  Object.values(result.metafile.outputs)[0].inputs
)) {
  const found = path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (found && bytesInOutput > 0) names.add(found[1]);
}
const packages = [...names].sort().map((name) => {
  const place = join("node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
  return { name, version, license, text: readFileSync(join(place, "LICENSE"), "utf8").trim() };
});
const list = packages.map(({ name, version }) => `${name} ${version}`).join(", ");
const code = result.outputFiles[0].text;
writeFileSync(
  join(folder, "codemirror.js"),
  `// Made by \`make studio-assets\`. Licences: codemirror.LICENSE.txt\n// ${list}\n${code}`
);
const licences = packages.map(
  ({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`
);
writeFileSync(
  join(folder, "codemirror.LICENSE.txt"),
  `codemirror.js has code of these packages:\n\n${licences.join(`\n${"-".repeat(80)}\n\n`)}`
);
