import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** What the product is built from, by its path. */
const sources = ["apps", "packages"]
  .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(parent, name, "src")))
  .filter((path) => path !== "packages/testkit/src")
  .flatMap((path) => {
    try {
      return readdirSync(join(root, path), { recursive: true, encoding: "utf8" }).map((name) =>
        join(path, name),
      );
    } catch {
      return [];
    }
  })
  .filter((path) => /\.(sql|ts|tsx)$/.test(path) && !path.includes("/generated/"));

function writing(pattern: RegExp): string[] {
  return sources.filter((path) => pattern.test(readFileSync(join(root, path), "utf8"))).toSorted();
}

it("is the one place where accounts are changed, but for their making, their closing and what was told of them", () => {
  expect(writing(/(UPDATE|INTO|DELETE FROM|MERGE INTO) "Account"/)).toEqual([
    "packages/ledger/src/alerts/raise-lowered-quotas.sql",
    "packages/ledger/src/charges/write-charges.sql",
    "packages/ledger/src/open-accounts.sql",
    "packages/ledger/src/posting.sql",
  ]);
  expect(writing(/\.account\.(create|update|upsert|delete)/)).toEqual([]);
});

it("leaves amounts to the posting", () => {
  const text = (name: string) => readFileSync(join(root, "packages/ledger/src", name), "utf8");
  expect(text("open-accounts.sql")).toContain(
    'INSERT INTO "Account" ("id", "kind", "creatorId", "apiKeyId", "month")\n',
  );
  expect(text("charges/write-charges.sql")).toContain(
    'UPDATE "Account" SET "closedAt" = request."closedAt"\n  FROM',
  );
  expect(text("alerts/raise-lowered-quotas.sql")).toMatch(
    /UPDATE "Account" SET "alertedPercent" = \(SELECT max\("percent"\) [^,]*\)\n {2}WHERE/,
  );
});

it("has thresholds told by all who spend", () => {
  expect(writing(/^-- include \.\/posting\.sql$/m)).toEqual(
    [
      ...writing(/SELECT \* FROM crossing_alert/).filter((path) => !path.includes("/alerts/")),
      // It gives back what is held.
      "packages/ledger/src/release-job-holds.sql",
    ].toSorted(),
  );
});
