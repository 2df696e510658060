import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureProgram } from "./system-program.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Where Debian, Fedora and Alpine lay it, on Intel and ARM: the build for programs with threads. */
const libraries = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"].map(
  (directory) => `${directory}/faketime/libfaketimeMT.so.1`,
);

/** The wall clock of a child process. Its steady clock (timers, `performance.now()`) goes on as before. */
export interface ProcessClock {
  /** What the child needs in its environment. */
  environment: Record<string, string>;
  /** Sets it so far ahead of this machine's, in ms, behind where negative; also while the child runs. */
  set(skewMs: number): void;
  /** Once the child has ended. */
  remove(): Promise<void>;
}

/**
 * A clock for child processes that share its environment, by libfaketime, installed where it is missing.
 * @param skewMs as of `set`
 * @throws one line that says what to install where it can't be had
 */
export async function startProcessClock(skewMs = 0): Promise<ProcessClock> {
  const library = await ensureProgram("libfaketime", libraries, "libfaketime", 10);
  const directory = await temporaryDirectory();
  const file = join(directory.path, "skew");
  const set = (ms: number) => {
    const draft = `${file}.new`;
    writeFileSync(draft, `${ms < 0 ? "-" : "+"}${(Math.abs(ms) / 1000).toFixed(3)}`);
    renameSync(draft, file);
  };
  set(skewMs);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      // The first is the name in newer versions, the second in older ones.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    },
    set,
    remove: directory.remove,
  };
}
