import { readdirSync, readFileSync } from "node:fs";

/** The kernel's clock tick in which it tells times, as all Linux builds have it: `getconf CLK_TCK`. */
const usPerTick = 10_000;

/**
 * CPU time of a process and of all that it has started, also of what has ended, in µs. Linux alone tells it.
 * @returns undefined elsewhere
 */
export function cpuTimeUs(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? [])
    .filter((stat) => stat.parentPid === pid);
  const own = readStat(pid);
  const ticks = (own?.ticks ?? 0) + (own?.endedChildrenTicks ?? 0);
  return usPerTick * children.reduce((sum, child) => sum + child.ticks, ticks);
}

/** CPU in µs that this process takes for each of `count` pieces of work. One figure a round. */
export async function ownCpuUs(
  rounds: number,
  count: number,
  work: (count: number) => Promise<unknown>,
): Promise<number[]> {
  const figures: number[] = [];
  while (figures.length < rounds) {
    const before = process.cpuUsage();
    await work(count);
    const { user, system } = process.cpuUsage(before);
    figures.push((user + system) / count);
  }
  return figures;
}

/** Fields 4 and 14 to 17 of proc(5)'s `stat`. Before them stands a name in parentheses, of anything. */
function readStat(pid: number): { parentPid: number; ticks: number; endedChildrenTicks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const field = (number: number) => Number(fields[number - 3]);
    return {
      parentPid: field(4),
      ticks: field(14) + field(15),
      endedChildrenTicks: field(16) + field(17),
    };
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
