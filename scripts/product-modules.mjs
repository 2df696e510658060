// The product's TypeScript, parsed, for checks that look into it.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { parseSync } from "@swc/core";

/** Files of ours that are shipped, each with its source and its syntax tree. */
export function* productModules() {
  const listed = execFileSync(
    "git",
    ["ls-files", "--", ":(glob)apps/*/src/**", ":(glob)packages/*/src/**", ":!packages/testkit"],
    { encoding: "utf8" },
  ).split("\n");
  for (const file of listed) {
    // Git lists what was deleted and is not committed, too.
    if (!/\.tsx?$/.test(file) || !existsSync(file)) continue;
    const source = readFileSync(file, "utf8");
    yield { file, source, module: parseSync(source, { syntax: "typescript", tsx: file.endsWith(".tsx") }) };
  }
}

/** All nodes of a syntax tree of which `isWanted` is true. */
export function nodesIn(node, isWanted) {
  if (typeof node !== "object" || node === null) return [];
  return [
    ...(isWanted(node) ? [node] : []),
    ...Object.values(node).flatMap((child) => nodesIn(child, isWanted)),
  ];
}
