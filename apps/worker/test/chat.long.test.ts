import { describe, it } from "@jest/globals";
import { killInSteps } from "./chat-run.ts";

const minutes = 60_000;

describe("a worker killed in each step of a chat", () => {
  it("before the step is committed", () => killInSteps(true), 5 * minutes);
  it("when it is committed, but the worker has not heard of it", () => killInSteps(false), 5 * minutes);
});
