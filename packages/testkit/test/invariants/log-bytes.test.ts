import { expect, it } from "@jest/globals";
import { logBytesMax, logBytesViolations } from "../../src/index.ts";

it("finds each minute in which a process has written more than it may", () => {
  const processes = [
    { name: "api", bytesByMinute: [0, logBytesMax] },
    { name: "worker 2", bytesByMinute: [10, logBytesMax + 1, 3] },
  ];
  expect(logBytesViolations(processes)).toEqual([
    `J: worker 2 wrote ${logBytesMax + 1} bytes of log in its minute 2, above ${logBytesMax}`,
  ]);
  expect(logBytesViolations(processes, 9)).toHaveLength(3);
});
