import { expect, it } from "@jest/globals";
import { assertInvariants, eventually } from "@understudy/testkit";
import { readMessages } from "../../../scripts/replay/read-messages.ts";
import { realMessages, whereRealMessagesAre } from "../../../scripts/test/real-messages.ts";
import { rest, stack, start } from "./fault-run.ts";
import { expectEachByOneId, failAtRandom, register } from "./webhook-run.ts";

/** Messages in one request. */
const batchSize = 100;

/** A chat makes three calls, and so many chats run at once: what two workers that are killed can have had in hand. */
const lostCallsMax = 300;

whereRealMessagesAre(`the webhooks of a replay of ${realMessages.count} messages`, () => {
  it("tell of each job under one id, though the receiver fails at random and the worker is killed twice", async () => {
    await start({ environment: { WEBHOOK_RETRY_SCHEDULE: Array(30).fill("200ms").join() } });
    const receiver = await register();
    failAtRandom(receiver);
    const creators = new Set<string>();
    const jobs: object[] = [];
    for await (const { creatorId, fanId, text } of readMessages(realMessages.file)) {
      creators.add(creatorId);
      jobs.push({ agent: "chat", creatorId, input: { fanId, message: text } });
    }
    for (const creatorId of creators) {
      const terms = { plan: "business", bucket: { ratePerHour: 1_000_000, burst: 1_000 } };
      expect((await stack.request("PUT", `/api/ai/creators/${creatorId}`, terms)).status).toBe(200);
    }
    const accepted: string[] = [];
    for (let from = 0; from < jobs.length; from += batchSize) {
      const batch = { jobs: jobs.slice(from, from + batchSize) };
      const response = await stack.request("POST", "/api/ai/jobs/batch", batch);
      accepted.push(...((await response.json()) as { jobs: { id: string }[] }).jobs.map(({ id }) => id));
    }
    expect(accepted.filter((id) => id !== undefined)).toHaveLength(realMessages.count);
    for (const [index, heard] of [300, 800].entries()) {
      // With calls and tries under way.
      await eventually(() => expect(receiver.received.length).toBeGreaterThan(heard), 120_000);
      await stack.workers[index]?.kill();
      await stack.addWorker();
    }
    await rest(300_000);
    await assertInvariants(stack, accepted, lostCallsMax);
    expectEachByOneId(receiver, accepted);
    // It did fail.
    expect(receiver.requests).toBeGreaterThan(receiver.received.length * 1.3);
  }, 600_000);
});
