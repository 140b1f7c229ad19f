// Write dist/LICENSES.txt: the licence of every package whose code is in the bundle, which are the direct dependencies.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const folder = new URL("../", import.meta.url);
const own = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
const parts = Object.keys(own.dependencies).map((name) => {
  const place = new URL(`node_modules/${name}/`, folder);
  const { version, license, dependencies = {} } = JSON.parse(readFileSync(new URL("package.json", place), "utf8"));
  if (Object.keys(dependencies).length > 0) throw new Error(`${name} brings packages of its own; list them here too.`);
  const file = readdirSync(place).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} has no licence file.`);
  return `${name} ${version} (${license})\n\n${readFileSync(new URL(file, place), "utf8").trim()}\n`;
});
const rule = `\n${"-".repeat(78)}\n\n`;
writeFileSync(new URL("dist/LICENSES.txt", folder), `Packages in page.js:${rule}${parts.join(rule)}`);
