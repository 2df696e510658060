import { describe, expect, it } from "@jest/globals";
import { readAnnouncement } from "../src/model-gate/gate-scripts.ts";

describe("an announcement", () => {
  it("tells what is new of one model", () => {
    expect(readAnnouncement("gemini-2.5-flash 1767225600000000 5000 2 10000")).toEqual({
      model: "gemini-2.5-flash",
      report: { version: 1_767_225_600_000_000, pausedMs: 5_000, opens: 2, watchedMs: 10_000 },
    });
  });

  it.each([
    "",
    "flash",
    " 1 2 3 4",
    "flash 1 2 3",
    "flash 1 2 3 4 5",
    "flash 1 -2 3 4",
    "flash 1 2 -3 4",
    "flash 1 2 3 -4",
    "flash 1.5 2 3 4",
    "flash one 2 3 4",
  ])("is none of ours where it is not of this form: %j", (message) => {
    expect(readAnnouncement(message)).toBeUndefined();
  });
});
