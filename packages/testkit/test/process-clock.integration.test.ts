import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, it } from "@jest/globals";
import { startProcessClock } from "../src/index.ts";

/** Tells its clock after 200 ms by its steady clock, for each line that it reads. */
const program = `
require("node:readline").createInterface(process.stdin).on("line", () => {
  const askedAt = performance.now();
  setTimeout(() => console.log(JSON.stringify([Date.now(), performance.now() - askedAt])), 200);
}).on("close", () => process.exit());`;

it("A child's wall clock is moved while it runs, and its timers go on", async () => {
  const clock = await startProcessClock(600_000);
  const child = spawn(process.execPath, ["-e", program], {
    env: clock.environment,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout);
  try {
    for (const skewMs of [600_000, -600_000, 1_500, 0]) {
      clock.set(skewMs);
      child.stdin.write("\n");
      const [line] = await once(lines, "line");
      const [toldAt, waitedMs] = JSON.parse(line);
      expect(Math.abs(toldAt - Date.now() - skewMs)).toBeLessThan(1_000);
      expect(waitedMs).toBeLessThan(5_000);
    }
  } finally {
    child.stdin.end();
    await once(child, "exit");
    await clock.remove();
  }
});
