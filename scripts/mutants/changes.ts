import { execFileSync } from "node:child_process";

/** First and last line of each piece that has changed. */
export type ChangedLines = ReadonlyMap<string, readonly (readonly [number, number])[]>;

/**
 * What differs from a commit, uncommitted changes and new files included.
 * @param since "" for where this branch left `origin/main`; without one, for the last commit
 * @throws git's own words where there is no such commit
 */
export function changedLines(root: string, since: string): ChangedLines {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 26, stdio: "pipe" });
  const diff = git("diff", "--unified=0", "--no-color", "--no-ext-diff", since || startOfBranch(git), "--");
  const changes = new Map<string, [number, number][]>();
  let pieces: [number, number][] = [];
  for (const line of diff.split("\n")) {
    const [, file] = line.match(/^\+\+\+ b\/(.*)$/) ?? [];
    if (file !== undefined) {
      pieces = [];
      changes.set(file, pieces);
    }
    const [, from, count = "1"] = line.match(/^@@ -\S+ \+(\d+)(?:,(\d+))? @@/) ?? [];
    if (from !== undefined && Number(count) > 0)
      pieces.push([Number(from), Number(from) + Number(count) - 1]);
  }
  for (const file of git("ls-files", "--others", "--exclude-standard").split("\n")) {
    if (file !== "") changes.set(file, [[1, Number.MAX_SAFE_INTEGER]]);
  }
  return changes;
}

function startOfBranch(git: (...args: string[]) => string): string {
  try {
    return git("merge-base", "HEAD", "origin/main").trim();
  } catch {
    return "HEAD";
  }
}
