// Checks that no regular expression of the product can take n² steps for n characters: whoever may send a text could stop a
// process with it. Only patterns in what is shipped; what is put together at run time is judged by tests of its functions.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { parseSync } from "@swc/core";
import { analyse } from "scslre";

const patternsMin = 100;

const files = execFileSync(
  "git",
  ["ls-files", "--", ":(glob)apps/*/src/**", ":(glob)packages/*/src/**", ":!packages/testkit"],
  {
    encoding: "utf8",
  },
)
  .split("\n")
  // Git lists what was deleted and is not committed, too.
  .filter((file) => /\.tsx?$/.test(file) && existsSync(file));

let count = 0;
const slow = [];
for (const file of files) {
  const source = readFileSync(file, "utf8");
  const module = parseSync(source, { syntax: "typescript", tsx: file.endsWith(".tsx") });
  for (const { pattern, flags } of patternsIn(module)) {
    count++;
    const literal = `/${pattern}/${flags}`;
    if (isLinear(pattern, flags)) continue;
    const line = source.slice(0, source.indexOf(literal)).split("\n").length;
    slow.push(`${file}:${line} ${literal}`);
  }
}
for (const place of slow) console.error(`✗ takes n² steps: ${place}`);
if (count < patternsMin) {
  console.error(`✗ Only ${count} patterns were read: the check itself is broken.`);
  process.exit(1);
}
console.log(`${count} patterns, ${slow.length} of them not linear`);
if (slow.length > 0) process.exit(1);

function patternsIn(node) {
  if (typeof node !== "object" || node === null) return [];
  return [...(node.type === "RegExpLiteral" ? [node] : []), ...Object.values(node).flatMap(patternsIn)];
}

function isLinear(pattern, flags) {
  const { reports } = analyse({ source: pattern, flags }, { assumeRejectingSuffix: false });
  return reports.length === 0;
}
