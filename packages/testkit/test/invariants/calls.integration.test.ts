import { describe, expect, it } from "@jest/globals";
import { eventually, requestsAstray, violationsAtRest } from "../../src/index.ts";
import {
  askGemini,
  costUsd,
  createCall,
  createEndedJob,
  database,
  setAccount,
  told,
  violations,
  world,
} from "./clean-world.ts";

/** A call that was answered whole, and whose answer is not on record. */
async function loseAnswer(holdUsd = costUsd): Promise<void> {
  await askGemini("call_2");
  await createCall("call_2", { status: "unknown", holdUsd, settledAt: new Date() });
  await setAccount({ unknownUsd: holdUsd });
}

describe("a call whose answer is not on record", () => {
  it("may be so where that is told", async () => {
    await loseAnswer();
    expect(await violations()).toEqual(["B: 1 calls were lost, at most 0 can have been"]);
    expect(await violations({ lostCallsMax: 1 })).toEqual([]);
    const { lostCallsMax: _, ...anyNumber } = told;
    expect(await violationsAtRest(world, anyNumber)).toEqual([]);
  });

  it("was paid in vain for what was done meanwhile, or because it was not wanted any more", async () => {
    await loseAnswer();
    const lost = { lostCallsMax: 1 };
    const since = (from: number, until: number) => violations({ ...lost, mayLose: [{ from, until }] });
    const now = Date.now();
    const thrownAway = ["B: call_2 is unknown, though it was answered and nothing was done to whoever asked"];
    expect(await violations({ ...lost, mayLose: [] })).toEqual(thrownAway);
    expect(await since(now - 120_000, now - 60_000)).toEqual(thrownAway);
    expect(await since(now + 120_000, now + 180_000)).toEqual(thrownAway);
    expect(await since(now - 120_000, now)).toEqual([]);
    expect(await since(now + 1_000, now + 180_000)).toEqual([]);
    await database.prisma.usageLog.updateMany({ where: { id: "call_2" }, data: { errorCode: "cancelled" } });
    expect(await violations({ ...lost, mayLose: [] })).toEqual([]);
  });

  it("is nobody's fault where nobody can have got it whole", async () => {
    await expect(askGemini("call_2", { respond: { reset: true } })).rejects.toThrow();
    await expect(askGemini("call_3", { respond: { status: 503 } })).rejects.toThrow();
    const left = { respond: { delayMs: 60_000 }, signal: AbortSignal.timeout(500) };
    await expect(askGemini("call_4", left)).rejects.toThrow();
    for (const id of ["call_2", "call_3", "call_4"])
      await createCall(id, { status: "unknown", holdUsd: costUsd, settledAt: new Date() });
    await setAccount({ unknownUsd: "0.00465" });
    const lost = { lostCallsMax: 3, mayLose: [] };
    await eventually(async () => expect(await violations(lost)).toEqual([]));
  });

  it("is what an operator said of it, whatever the bill says", async () => {
    await askGemini("call_2");
    await createCall("call_2", { status: "settled", costUsd: "0", byOperator: true, settledAt: new Date() });
    expect(await violations({ lostCallsMax: 1 })).toEqual([]);
  });

  it("cost no more than its bound", async () => {
    await loseAnswer("0.001");
    expect(await violations({ lostCallsMax: 1 })).toEqual(["C: call_2 cost 0.00155, above its bound 0.001"]);
  });
});

describe("a call", () => {
  it("has a row where it stands on the bill", async () => {
    await askGemini("call_2");
    expect(await violations()).toEqual(["B: no row for the billed call call_2"]);
  });

  it("stands on the bill where it is settled", async () => {
    await createCall("call_2", { status: "settled", costUsd: "0", settledAt: new Date() });
    expect(await violations()).toEqual([
      "B: call_2 is settled but not on the bill",
      "B: 1 calls were lost, at most 0 can have been",
    ]);
  });

  it("costs what the bill says, to the last digit", async () => {
    await askGemini("call_2");
    await createCall("call_2", { status: "settled", costUsd: "0.001550000001", settledAt: new Date() });
    await setAccount({ spentUsd: "0.003100000001" });
    expect(await violations()).toEqual(["C: call_2 cost 0.001550000001 but the bill says 0.00155"]);
  });
});

describe("a price that changed in mid-run", () => {
  /** A second row of a call that began and was asked for `agoMs` before the change. */
  const addPrice = (from: number) =>
    Object.assign(world, {
      prices: [
        {
          ...{ model: "gemini-3.5-flash-lite", from: new Date(from).toISOString() },
          ...{ inputUsd: "0.6", cachedUsd: "0.06", outputUsd: "5" },
        },
      ],
    });
  const settleAt = async (usd: string, startedAt: Date, deadlineAt: Date) => {
    await askGemini("call_2");
    await createCall("call_2", {
      status: "settled",
      costUsd: usd,
      startedAt,
      deadlineAt,
      settledAt: new Date(),
    });
    await setAccount({ spentUsd: usd === costUsd ? "0.0031" : "0.00465" });
  };
  const inMs = (ms: number) => new Date(Date.now() + ms);

  it("counts from the moment on, of calls that were written down since, and not of those that came since", async () => {
    addPrice(Date.now() - 200);
    const before = { startedAt: inMs(-300), deadlineAt: inMs(20_000) };
    await database.prisma.usageLog.updateMany({ data: before });
    await settleAt("0.0031", before.startedAt, before.deadlineAt);
    expect(await violations()).toEqual(["C: call_2 cost 0.0031 but the bill says 0.00155"]);
    await database.prisma.usageLog.update({ where: { id: "call_2" }, data: { startedAt: inMs(0) } });
    expect(await violations()).toEqual([]);
  });

  it("counts as the one or the other within two seconds of the change where the row can't be right", async () => {
    addPrice(Date.now() + 1_000);
    await settleAt("0.0031", inMs(-20_000), inMs(-10_000));
    expect(await violations()).toEqual([]);
  });

  it("is a violation where it was not in force, by the emulator's clock", async () => {
    addPrice(Date.now() + 10_000);
    await settleAt("0.0031", new Date(), inMs(60_000));
    expect(await violations()).toEqual(["C: call_2 cost 0.0031 but the bill says 0.00155"]);
  });

  it("counts as of when the call was written down, as far as its own time allows", async () => {
    addPrice(Date.now() - 10_000);
    // The clean world's own call is of after the change as well.
    await database.prisma.usageLog.updateMany({
      data: { startedAt: inMs(-20_000), deadlineAt: inMs(20_000) },
    });
    await settleAt(costUsd, inMs(-20_000), inMs(20_000));
    expect(await violations()).toEqual([]);
    await database.prisma.usageLog.updateMany({ data: { deadlineAt: inMs(-10_000) } });
    expect(await violations()).toHaveLength(2);
  });
});

describe("a request to the provider", () => {
  const words = new Map([
    ["job_2", "number 1,"],
    ["job_3", "number 11,"],
  ]);
  const astray = () => requestsAstray(world, { pattern: /number \d+,/g, words });
  const ask = async (callId: string, jobId: string, text: string) => {
    await askGemini(callId, { text });
    await createCall(callId, { jobId, status: "settled", costUsd, settledAt: new Date() });
  };
  const fans = async (second: object, third: object) => {
    await createEndedJob("job_2", second);
    await createEndedJob("job_3", third);
  };

  it("has the words of the job that pays for it, and those of the same conversation", async () => {
    await fans({ fanId: "fan_1" }, { fanId: "fan_1" });
    await ask("call_2", "job_2", "I am number 1, hello");
    await ask("call_3", "job_3", "You were number 1, I am number 11, and who is number 111,?");
    expect(await astray()).toEqual([]);
  });

  it.each<[string, object, object]>([
    ["another fan's", { fanId: "fan_1" }, { fanId: "fan_2" }],
    ["another creator's", { fanId: "fan_1" }, { fanId: "fan_1", creatorId: "iu" }],
    ["nobody's", {}, {}],
  ])("has not those of a job that is %s", async (_whose, second, third) => {
    await database.prisma.creator.create({ data: { id: "iu" } });
    await fans(second, third);
    await ask("call_2", "job_2", "I am number 1, hello");
    await ask("call_3", "job_3", "You were number 1, I am number 11,");
    expect(await astray()).toEqual(["B: the request of call_3 for job_3 has words of job_2"]);
  });

  it("is not made for another job than the one that pays", async () => {
    await fans({}, {});
    await ask("call_2", "job_2", "I am number 11, hello");
    await ask("call_3", "job_3", "I am somebody");
    expect(await astray()).toEqual([
      "B: the request of call_2 does not say what job_2 asks",
      "B: the request of call_2 for job_2 has words of job_3",
      "B: the request of call_3 does not say what job_3 asks",
    ]);
  });
});
