import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { type ModelCommands, runCommand } from "../options.ts";

/** The command that a line runs, with what it is given. */
async function ran(line: string): Promise<unknown[]> {
  const calls: unknown[][] = [];
  const record =
    (name: string) =>
    async (...given: unknown[]) =>
      void calls.push([name, ...given]);
  const commands: ModelCommands = {
    list: record("list"),
    set: record("set"),
    roles: record("roles"),
    check: record("check"),
  };
  await runCommand(line.split(" "), commands);
  expect(calls).toHaveLength(1);
  return calls[0] as unknown[];
}

describe("the command line", () => {
  test("the instance may be named before the command or behind it", async () => {
    const connection = { url: "http://x", key: "k" };
    expect(await ran("--url http://x list --key k")).toEqual(["list", connection]);
    expect(await ran("check --at 2027-01-01 --url http://x --key k")).toEqual([
      "check",
      connection,
      { at: "2027-01-01T00:00:00.000Z" },
    ]);
  });

  test("a model to change: what is left out stays, none takes away", async () => {
    expect(
      await ran(
        "set gemini-9 --status deprecated --retires-at 2027-05-07 --routed-to none --source page --like gemini-8",
      ),
    ).toEqual([
      "set",
      {},
      "gemini-9",
      {
        provider: "gemini",
        status: "deprecated",
        retiresAt: "2027-05-07T00:00:00.000Z",
        routedTo: null,
        source: "page",
        like: "gemini-8",
      },
    ]);
    expect(await ran('set m --provider other --retires-at none --capabilities {"a":1}')).toEqual([
      "set",
      {},
      "m",
      { provider: "other", retiresAt: null, capabilities: { a: 1 } },
    ]);
  });

  test("roles: shown, set in their order, and a plan's taken away", async () => {
    expect(await ran("roles --plan pro")).toEqual([
      "roles",
      {},
      undefined,
      [],
      { plan: "pro", asAll: false },
    ]);
    expect(await ran("roles draft b a")).toEqual(["roles", {}, "draft", ["b", "a"], { asAll: false }]);
    expect(await ran("roles draft --plan pro --as-all")).toEqual([
      "roles",
      {},
      "draft",
      [],
      { plan: "pro", asAll: true },
    ]);
  });

  describe("what is wrong", () => {
    afterEach(() => {
      jest.restoreAllMocks();
    });

    test.each([
      "set",
      "set gemini-9 --status unavailable",
      "set gemini-9 --retires-at tomorrow",
      "set gemini-9 --capabilities [1]",
      "set gemini-9 --like gemini-8 --capabilities {}",
      "roles draft",
      "roles poet gemini-9",
      "roles draft --as-all",
      "roles draft gemini-9 --plan pro --as-all",
      "check --at soon",
      "sell",
    ])("%s", async (line) => {
      const told = jest.spyOn(process.stderr, "write").mockReturnValue(true);
      const unused = async () => {};
      const commands = { list: unused, set: unused, roles: unused, check: unused };
      await expect(runCommand(line.split(" "), commands)).rejects.toMatchObject({ exitCode: 2 });
      expect(told).toHaveBeenCalled();
    });
  });
});
