import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface CloneProcess {
  pid: number;
  parentPid: number;
  /** Its arguments, separated by spaces. */
  command: string;
}

/**
 * The processes that have to do with one of these folders: they work in it, or it stands in their arguments or
 * environment. Parents do not tell: after a kill -9 the orphans belong to init. By Linux's /proc.
 */
export function processesOf(folders: readonly string[]): CloneProcess[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .flatMap((pid) => {
      const traces = [workingDirectory(pid), textOf(pid, "cmdline"), textOf(pid, "environ")].join("\n");
      if (!folders.some((folder) => traces.includes(folder))) return [];
      const command = textOf(pid, "cmdline").replaceAll("\0", " ").trim();
      // Without arguments it is a zombie: it runs no more and holds nothing.
      return command === "" ? [] : [{ pid, parentPid: parentOf(pid), command }];
    });
}

function parentOf(pid: number): number {
  const stat = textOf(pid, "stat");
  // The second field is the program's name in brackets and may hold spaces and brackets itself.
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

function workingDirectory(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

/** Empty for one that is gone by now, or is another user's. */
function textOf(pid: number, name: "cmdline" | "environ" | "stat"): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
