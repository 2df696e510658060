import { availableParallelism } from "node:os";
import { describe, expect, it } from "@jest/globals";
import { processCount, readFlags } from "../src/index.ts";

describe("how many processes an app runs in", () => {
  it("is one unless it is said, a number, or one for each core", () => {
    expect(processCount.parse(undefined)).toBe(1);
    expect(processCount.parse("64")).toBe(64);
    expect(processCount.parse("auto")).toBe(Math.min(availableParallelism(), 64));
  });

  it.each(["0", "65", "1.5", "many", "-1"])("is never %s", (text) => {
    const { error } = processCount.safeParse(text);
    expect(error?.issues).toHaveLength(1);
    expect(error?.message).toMatch(/auto or a whole number from 1 to 64/);
  });

  it("is what the flag says before what the environment does", () => {
    expect(readFlags("api", ["node", "api.mjs", "--processes", "4"])).toEqual({ API_PROCESSES: "4" });
    expect(readFlags("worker", ["node", "worker.mjs", "--processes=auto"])).toEqual({
      WORKER_PROCESSES: "auto",
    });
    expect(readFlags("worker", ["node", "worker.mjs"])).toEqual({});
  });
});
