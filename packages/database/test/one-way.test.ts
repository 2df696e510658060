import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const statements = ["apps", "packages"].flatMap((parent) =>
  readdirSync(join(root, parent)).flatMap((name) => statementsBelow(join(parent, name, "src"))),
);

function statementsBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sql"))
    .map((name) => join(folder, name));
}

const filesWith = (pattern: RegExp) =>
  statements.filter((file) => pattern.test(readFileSync(join(root, file), "utf8")));

it("ids of rows that statements make are made by understudy_new_id alone", () => {
  expect(filesWith(/understudy_new_id/).length).toBeGreaterThan(5);
  expect(filesWith(/gen_random_uuid/)).toEqual([]);
});

it("alerts are raised, and grow, by raise-alerts.sql alone", () => {
  expect(filesWith(/INSERT INTO "Alert"/)).toEqual(["packages/database/src/raise-alerts.sql"]);
  expect(filesWith(/UPDATE "Alert"[^;]*"payload"/)).toEqual([]);
});
