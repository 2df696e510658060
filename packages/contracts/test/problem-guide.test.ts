import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "@jest/globals";
import { jobErrorGuide, problemCodes, problemGuide } from "../src/index.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** All sources under a folder. */
function sources(folder: string): string {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => /\.(ts|sql)$/.test(file))
    .map((file) => readFileSync(join(root, folder, file), "utf8"))
    .join("\n");
}

function found(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, code = ""]) => code))];
}

it("every code of a problem is explained, and used", () => {
  const text = sources("apps/api/src");
  const used = found(text, /ProblemError\(\s*[^,]+,\s*"([a-z_]+)"/g);
  expect(used.length).toBeGreaterThan(20);
  expect(used.filter((code) => !(code in problemGuide))).toEqual([]);
  expect(Object.keys(problemCodes).filter((code) => !text.includes(`"${code}"`))).toEqual([]);
  for (const { advice } of Object.values(problemGuide)) expect(advice).toMatch(/^[A-Z].*\.$/);
});

it("every code of a failed job is explained, and used", () => {
  const text = `${sources("apps/worker/src")}\n${sources("packages/jobs/src")}`;
  const used = [
    ...found(text, /\bfailed\(\s*"([a-z_]+)"/g),
    ...found(
      readFileSync(join(root, "apps/worker/src/attempt-end.ts"), "utf8"),
      /\bcode: (?:.* \? )?"([a-z_]+)"/g,
    ),
    ...found(text, /"errorCode" = '([a-z_]+)'/g),
  ];
  expect(used.length).toBeGreaterThan(10);
  expect(used.filter((code) => !(code in jobErrorGuide))).toEqual([]);
  const unused = Object.keys(jobErrorGuide).filter(
    (code) => !text.includes(`"${code}"`) && !text.includes(`'${code}'`),
  );
  expect(unused).toEqual([]);
});
