// Checks that no regular expression of the product can take n² steps for n characters: whoever may send a
// text could stop a process with it. Only patterns in what is shipped; what is put together at run time is
// judged by tests of its functions.
import { analyse } from "scslre";
import { nodesIn, productModules } from "./product-modules.mjs";

const patternsMin = 100;

let count = 0;
const slow = [];
for (const { file, source, module } of productModules()) {
  for (const { pattern, flags } of nodesIn(module, ({ type }) => type === "RegExpLiteral")) {
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

function isLinear(pattern, flags) {
  const { reports } = analyse({ source: pattern, flags }, { assumeRejectingSuffix: false });
  return reports.length === 0;
}
