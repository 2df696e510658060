import { describe, it } from "@jest/globals";
import { playReleases } from "./release-run.ts";

const minutes = 60_000;

describe("a bucket's promise", () => {
  it(
    "holds in every window of hundreds of runs",
    async () => {
      await playReleases(400);
    },
    30 * minutes,
  );
});
