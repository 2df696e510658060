import Table from "cli-table3";
import type { Verdict } from "./mutant.ts";
import type { Room } from "./rooms.ts";

export interface RoomResult {
  room: Room;
  /** Without those that are let live. */
  verdicts: readonly Verdict[];
  /** How many are let live, for reasons that are on record. */
  letLive: number;
}

/** @returns the share of mutants that tests kill; 1 where there are none */
export function scoreOf({ verdicts }: RoomResult): number {
  const killed = verdicts.filter(({ outcome }) => outcome === "killed").length;
  const valid = verdicts.filter(({ outcome }) => outcome !== "invalid").length;
  return valid === 0 ? 1 : killed / valid;
}

/** Each survivor with its place and the change, as a diff. */
export function survivorsTable(results: readonly RoomResult[]): string {
  const table = new Table({
    head: ["place", "no test notices"],
    style: { head: [], border: [] },
    colWidths: [58, 100],
    wordWrap: true,
  });
  for (const { verdicts } of results) {
    for (const { mutant, outcome } of verdicts) {
      if (outcome !== "survived") continue;
      table.push([`${mutant.file}:${mutant.line}`, `- ${mutant.before}\n+ ${mutant.after || "(left out)"}`]);
    }
  }
  return table.toString();
}

export function scoresTable(results: readonly RoomResult[]): string {
  const head = ["room", "mutants", "killed", "survived", "let live", "score", "goal", ""];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const result of results) {
    const count = (outcome: string) =>
      result.verdicts.filter((verdict) => verdict.outcome === outcome).length;
    const score = scoreOf(result);
    table.push([
      result.room.name,
      count("killed") + count("survived"),
      count("killed"),
      count("survived"),
      result.letLive,
      percent(score),
      percent(result.room.goal),
      score >= result.room.goal ? "✓" : "✗",
    ]);
  }
  return table.toString();
}

/** Rounded down: 90 % is said of nothing less. */
function percent(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}
