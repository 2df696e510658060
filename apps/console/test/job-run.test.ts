import { expect, it } from "@jest/globals";
import type { JobEvent } from "@understudy/contracts";
import { after, newRun } from "../src/pages/playground/job-run.ts";

const token = (text: string): JobEvent => ({
  event: "token",
  data: { text, step: "messaging/draft", provisional: true },
});

it("keeps what was taken back to be seen, and begins the text anew", () => {
  const events: JobEvent[] = [token("Hel"), token("lo"), { event: "retract", data: {} }, token("Hi")];
  const run = events.reduce(after, newRun("job_1"));
  expect(run.text).toBe("Hi");
  expect(run.retracted).toEqual(["Hello"]);
});
