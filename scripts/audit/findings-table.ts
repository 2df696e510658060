import Table from "cli-table3";
import { type Finding, todoOf } from "./finding.ts";

/** With what can be done about each kind below. */
export function findingsTable(findings: readonly Finding[]): string {
  const table = new Table({
    head: ["what", "whose", "is", "should be"],
    // No colours: the table may go to a file.
    style: { head: [], border: [], compact: true },
  });
  for (const { what, whose, is, shouldBe } of findings) table.push([what, whose, is, shouldBe]);
  const kinds = new Map(findings.map((finding) => [finding.what, todoOf(finding)]));
  return [table.toString(), ...[...kinds].map(([what, todo]) => `→ ${what}: ${todo}`)].join("\n");
}
