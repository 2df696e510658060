import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@understudy/testkit";
import { createReadyClone, type FreshClone } from "./fresh-clone.ts";
import { realMessages, whereRealMessagesAre } from "./real-messages.ts";
import { expectBooksToAgree, readReplies } from "./replies.ts";
import { type RunningInstance, readState, startInstance, untilInTheMiddle } from "./running-instance.ts";

const { file: MESSAGES, count: COUNT } = realMessages;

whereRealMessagesAre(`a replay of ${COUNT} messages`, () => {
  let clone: FreshClone;
  let instance: RunningInstance;

  beforeAll(async () => {
    clone = await createReadyClone();
    instance = await startInstance(clone);
  }, 300_000);

  afterAll(async () => await clone?.remove(), 60_000);

  /** @param fault what goes wrong in the middle of it */
  async function replay(name: string, fault?: () => void): Promise<string> {
    const since = new Date();
    const out = join(clone.scratch, `${name}.csv`);
    const limits = ["--plan", "business", "--rate-per-hour", "1000000"];
    const run = clone.npm(["run", "replay", "--", MESSAGES, ...limits, "--out", out], {});
    if (fault) {
      await untilInTheMiddle(instance, since, { settled: COUNT / 4, open: 1 });
      fault();
    }
    const { output } = await run.succeeded(600);
    expectBooksToAgree(output);
    const replies = readReplies(out);
    expect(replies).toHaveLength(COUNT);
    expect(replies.filter(({ status }) => status !== "completed" && status !== "blocked")).toEqual([]);
    return output;
  }

  test("answers all, and the ledger equals the bill", async () => {
    await replay("plain");
  }, 700_000);

  test("loses nothing when the worker is killed in the middle", async () => {
    const killed = instance.workerPid();
    await replay("worker-killed", () => process.kill(killed, "SIGKILL"));
    expect(instance.workerPid()).not.toBe(killed);
  }, 700_000);

  test("loses nothing when Redis is killed in the middle", async () => {
    const redisPid = () => Number(readState(clone, "redis/redis.pid"));
    const killed = redisPid();
    await replay("redis-killed", () => process.kill(killed, "SIGKILL"));
    await eventually(() => expect(redisPid()).not.toBe(killed));
    await instance.run.printed(/Redis ended \(SIGKILL\): starting it again/);
  }, 700_000);

  test("and Ctrl-C still stops everything", async () => {
    instance.run.pressCtrlC();
    expect(await instance.run.ended(30)).toMatchObject({ code: 0 });
    expect(clone.processes()).toEqual([]);
  }, 60_000);
});
