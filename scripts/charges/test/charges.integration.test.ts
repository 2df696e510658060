import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createPastCalls, pastMonth, type Stack, startStack, temporaryDirectory } from "@understudy/testkit";
import { runCommand } from "../../client/test/run-command.ts";

let stack: Stack;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const last = pastMonth(1);

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
  directory = await temporaryDirectory();
  await createPastCalls(stack.database, { month: last, creators: 3, calls: 30 });
  await createPastCalls(stack.database, {
    month: last,
    creators: 1,
    calls: 1,
    prefix: "open_",
    status: "started",
  });
});

afterAll(async () => {
  await stack.stop();
  await directory.remove();
});

const charges = (...args: string[]) => runCommand(stack, "charges", ...args);

describe("npm run charges", () => {
  test("close: says who was charged, and who is left and why", async () => {
    const first = await charges("close", last);
    expect(first.output).toContain(`${last}: 3 closed now, 0 before.`);
    expect(first.output).toMatch(/open_1 .* calls are open/);
    expect(first.code).toBe(1);
    expect((await charges("close", last)).output).toContain(`${last}: 0 closed now, 3 before.`);
  });

  test("close: a month that is not over, in one line", async () => {
    const { code, output } = await charges("close", pastMonth(0));
    expect(output).toMatch(/^\d{4}-\d\d is not over: it can be closed from .* \(409 month_not_over\)\n$/);
    expect(code).toBe(1);
  });

  test("show: a table with its total", async () => {
    const { code, output } = await charges("show", last);
    expect(code).toBe(0);
    expect(output).toMatch(/creator_2 .*closed.*business/);
    expect(output).toMatch(/open_1 .*draft/);
    expect(output.trim().split("\n").at(-2)).toContain("total");
    expect((await charges("show", last, "--creator", "creator_2")).output).not.toContain("creator_1");
  });

  test("show --csv: a file that appears whole", async () => {
    const { code, output } = await charges("show", last, "--csv", join(directory.path, "charges.csv"));
    expect({ code, output }).toEqual({
      code: 0,
      output: `${directory.path}/charges.csv has the charges of ${last}.\n`,
    });
    const lines = (await readFile(join(directory.path, "charges.csv"), "utf8")).trim().split("\n");
    expect(lines).toHaveLength(6);
    expect(lines[5]).toMatch(new RegExp(`^total,${last},`));
    expect(await readdir(directory.path)).toEqual(["charges.csv"]);
    const lost = await charges("show", last, "--csv", join(directory.path, "nowhere", "charges.csv"));
    expect(lost.output).toMatch(/could not be written/);
    expect(lost.code).toBe(1);
  });

  test("--help and wrong usage", async () => {
    expect(await charges("--help")).toMatchObject({ code: 0, output: expect.stringContaining("close") });
    expect(await charges("close", "october")).toMatchObject({
      code: 2,
      output: expect.stringContaining("such as 2026-10"),
    });
    expect((await charges()).code).toBe(2);
  });
});
