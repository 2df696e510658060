import { expect, it } from "@jest/globals";
import type { Call, Job } from "@understudy/contracts";
import { assertInvariants, eventually, type Stack, startStack } from "@understudy/testkit";

/** On each side of a day on which Google answers with other models, or doubles a price. */
const dates = [
  "2026-11-30T23:59:59Z",
  "2026-12-01T00:00:00Z",
  "2026-12-31T23:59:59Z",
  "2027-01-01T00:00:00Z",
];

async function completed(stack: Stack, id: string): Promise<Job> {
  return eventually(async () => {
    const job = await stack.job(id);
    expect(job.status).toBe("completed");
    return job;
  });
}

async function callsOf(stack: Stack, id: string): Promise<Call[]> {
  const response = await stack.request("GET", `/api/ai/admin/calls?jobId=${id}`);
  return ((await response.json()) as { items: Call[] }).items;
}

it.each(dates)(
  "chats complete by the defaults alone at %s, billed to the last digit",
  async (emulatorDate) => {
    const stack = await startStack({ emulatorDate });
    try {
      const creatorId = "psy";
      const chats = ["hey!! loved your last post", "do you have more photos like that?"].map((message) =>
        stack.submit("chat", { creatorId, input: { fanId: "fan_7", message } }),
      );
      const ids = await Promise.all(chats);
      for (const id of ids) {
        const job = await completed(stack, id);
        expect(job.result).toMatchObject({ response: expect.stringMatching(/\w/) });
        for (const call of await callsOf(stack, id))
          expect(call).toMatchObject({
            model: "gemini-3.5-flash-lite",
            modelVersion: "gemini-3.5-flash-lite",
            estimated: false,
          });
      }

      // Asked by name, as an app may do that has not heard of the change.
      const prompt = { prompt: "Say hello.", model: "gemini-2.5-flash" };
      const asked = await stack.submit("test", { creatorId, input: prompt });
      await completed(stack, asked);
      // Our own date is that of the test: it has been routed since 2026-12-01, whatever Google still does.
      expect(await callsOf(stack, asked)).toMatchObject([
        { model: "gemini-2.5-flash", modelVersion: "gemini-3.5-flash-lite", estimated: false },
      ]);
      // The bill is worked out a second time.
      await assertInvariants(stack, [...ids, asked]);
    } finally {
      await stack.stop();
    }
  },
);
