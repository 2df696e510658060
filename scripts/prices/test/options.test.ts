import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { type PriceCommands, runCommand } from "../options.ts";

/** The command that a line runs, with what it is given. */
async function ran(line: string): Promise<unknown[]> {
  const calls: unknown[][] = [];
  const record =
    (name: string) =>
    async (...given: unknown[]) =>
      void calls.push([name, ...given]);
  const commands: PriceCommands = {
    list: record("list"),
    add: record("add"),
    quote: record("quote"),
    check: record("check"),
  };
  await runCommand(line.split(" "), commands);
  expect(calls).toHaveLength(1);
  return calls[0] as unknown[];
}

describe("the command line", () => {
  test("the instance may be named before the command or behind it", async () => {
    const connection = { url: "http://x", key: "k" };
    expect(await ran("--url http://x check --key k")).toEqual(["check", connection]);
    expect(await ran("list --url http://x --key k --model gemini-2.5-pro --all")).toEqual([
      "list",
      connection,
      { model: "gemini-2.5-pro", all: true },
    ]);
  });

  test("a price to add", async () => {
    const line =
      "add gemini-9 --from 2027-01-01 --in 0.30 --out 2 --cached 0.03 --long-above 200000 --source page";
    expect(await ran(line)).toEqual([
      "add",
      {},
      {
        model: "gemini-9",
        tier: "standard",
        from: "2027-01-01T00:00:00.000Z",
        in: "0.30",
        out: "2",
        cached: "0.03",
        longAbove: 200_000,
        source: "page",
      },
    ]);
  });

  test("a quote: counts go over the usage", async () => {
    const line = 'quote m --tier batch --usage {"promptTokenCount":1,"x":2} --prompt 5 --tool-use 7';
    const usageMetadata = { promptTokenCount: 5, x: 2, toolUsePromptTokenCount: 7 };
    expect(await ran(line)).toEqual(["quote", {}, { model: "m", tier: "batch", usageMetadata }]);
  });

  describe("what is wrong", () => {
    afterEach(() => {
      jest.restoreAllMocks();
    });

    test.each([
      "add gemini-9 --in 1 --out 1 --cached 1",
      "add gemini-9 --in 1 --out 1 --cached 1 --source x --from tomorrow",
      "add gemini-9 --in 1 --out 1 --cached 1 --source x --from 2027-01-01T00:00:00",
      "quote m --tier express",
      "quote m --prompt -1",
      "quote m --prompt 1.5",
      "quote m --usage [1]",
      "quote",
      "sell",
      "list --colour red",
    ])("%s", async (line) => {
      const told = jest.spyOn(process.stderr, "write").mockReturnValue(true);
      const unused = async () => {};
      const commands = { list: unused, add: unused, quote: unused, check: unused };
      await expect(runCommand(line.split(" "), commands)).rejects.toMatchObject({ exitCode: 2 });
      expect(told).toHaveBeenCalled();
    });
  });
});
