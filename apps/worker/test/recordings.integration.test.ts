import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Call } from "@understudy/contracts";
import { eventually, priceBillEntry, readBill, type Stack, startStack } from "@understudy/testkit";
import { oddEnds, readRecording, recordingNames } from "@understudy/testkit/gemini-recordings";

const model = "gemini-3.5-flash-lite";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
  const bucket = { ratePerHour: 1_000_000, burst: 1_000 };
  await stack.request("PUT", "/api/ai/creators/psy", { plan: "business", bucket });
});

afterAll(() => stack.stop());

/** How a recording ends: answered well unless it is told otherwise. */
const endOf = (name: string) =>
  ({ kind: "answered", ...oddEnds[name] }) as { kind: string; blockReason?: string };

/** The first call of a job, once what came of it is written down. Of a lost answer that is but the call itself. */
async function firstCall(jobId: string, isLost: boolean): Promise<Call> {
  return eventually(async () => {
    const [call] = (await read<{ items: Call[] }>(`/api/ai/admin/calls?jobId=${jobId}`)).items;
    expect(call?.status).toMatch(isLost ? /started|unknown/ : /settled|released/);
    return call as Call;
  });
}

async function paidCalls(jobId: string): Promise<Call[]> {
  const { items } = await read<{ items: Call[] }>(`/api/ai/admin/calls?jobId=${jobId}`);
  return items.filter(({ status }) => status === "settled");
}

async function read<Body>(path: string): Promise<Body> {
  return (await (await stack.request("GET", path)).json()) as Body;
}

/** Plays a recording to the one job that asks in those words; a stream to the agent whose drafts are streamed. */
async function play(name: string): Promise<{ jobId: string; call: Call }> {
  const { status, headers, body, stream } = readRecording(name);
  const marker = `recording ${name} ends`;
  const rule = await fetch(`${stack.emulatorUrl}/_emulator/recordings`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ match: { contains: marker }, exchange: { status, headers, body }, times: 1 }),
  });
  expect(rule.status).toBeLessThan(300);
  const job = stream
    ? { agent: "messaging", input: { fanId: "fan_7", message: marker } }
    : { agent: "test", input: { prompt: marker, model } };
  const jobId = await stack.submit(job.agent, { creatorId: "psy", input: job.input });
  return { jobId, call: await firstCall(jobId, endOf(name).kind === "lost") };
}

if (recordingNames === undefined) {
  it.skip("real answers of Gemini: there is no shared/data/gemini-recordings beside or above the project", () => {});
} else {
  // One that pauses its model for half a minute comes last.
  const isRateLimited = (name: string) => name.includes("429");
  const names = recordingNames.toSorted(
    (one, other) => Number(isRateLimited(one)) - Number(isRateLimited(other)),
  );

  describe("a real answer of Gemini, through emulator, worker and ledger", () => {
    it.each(names)("ends and costs what it has to: %s", async (name) => {
      const end = endOf(name);
      const { jobId, call } = await play(name);
      const job = await stack.job(jobId);
      const billed = (await readBill(stack.emulatorUrl)).find(({ callId }) => callId === call.id);
      if (!billed) throw new Error("The call is not on the bill.");

      if (end.kind === "refused") {
        expect(call).toMatchObject({ status: "released", costUsd: "0" });
        // Where Gemini has no such model, another one may have answered by now.
        if (job.status === "completed") expect(await paidCalls(jobId)).not.toEqual([]);
        return;
      }
      if (end.kind === "lost") {
        expect(call).toMatchObject({ costUsd: null });
        return;
      }
      expect(call.status).toBe("settled");
      if (end.blockReason !== undefined) {
        const ended = await eventually(async () => {
          const found = await stack.job(jobId);
          expect(found.status).toBe("blocked");
          return found;
        });
        expect(ended.result).toBeUndefined();
      }
      // Where nobody could read what it used, no less than its bound; else to the last digit.
      const usage = billed.usageMetadata?.promptTokenCount;
      if (usage) expect(call.costUsd).toBe(priceBillEntry(billed));
      else expect(call).toMatchObject({ estimated: true });
    });
  });
}
