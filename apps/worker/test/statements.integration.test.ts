import { expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import {
  assertInvariants,
  eventually,
  type PostgresWire,
  startPostgresWire,
  throughLink,
} from "@understudy/testkit";
import { rest, stack, start } from "./fault-run.ts";
import { callsOfJob, jobThatEnds } from "./job-run.ts";

/** What Postgres is asked for one job. */

const writes = ["claim-jobs", "write-attempts", "put-off-job", "remember-fan", "lose-calls"];
const reads = ["find-insights", "insights-again", "conversation-before"];

const message = "hello, when is the next show?";
const inputs: [agent: string, input: (run: number) => object, calls: number][] = [
  ["test", () => ({ prompt: "hi" }), 1],
  ["content", () => ({ platform: "instagram", contentInfo: { type: "photo" } }), 1],
  ["compliance", () => ({ content: "hey" }), 1],
  ["analytics", () => ({ metrics: { revenueData: [1, 2, 3] } }), 1],
  ["sales", () => ({ fanId: "fan", context: { currentMessage: "more photos?" } }), 1],
  ["messaging", () => ({ fanId: "fan", message }), 1],
  ["chat", (run) => ({ fanId: `fan_${run}`, message }), 3],
];

/** One may be held up by a busy machine: then an answer is written before its attempt goes on. */
const runs = 4;

interface Asked {
  id: string;
  calls: number;
  writes: number;
  reads: number;
}

async function ask(wire: PostgresWire, agent: string, input: object): Promise<Asked> {
  const sent: string[] = [];
  const stop = wire.watch((statement) => sent.push(statement));
  const id = await stack.submit(agent, { creatorId: "psy", input });
  await jobThatEnds(stack, id, "completed");
  stop();
  const count = (names: string[]) => sent.filter((name) => names.includes(name)).length;
  return { id, calls: (await callsOfJob(stack, id)).length, writes: count(writes), reads: count(reads) };
}

it("a job of n calls is written n + 2 times, and what it begins with comes with its claim", async () => {
  await start({ workers: 0, environment: { WORKER_ATTEMPT_SECONDS: "30" } });
  const wire = await startPostgresWire();
  await stack.addWorker({ DATABASE_URL: throughLink(wire, stack.databaseUrl) });
  const example = {
    source: "t",
    type: "style_example",
    confidence: 1,
    text: "hello",
    data: { reply: "hello" },
  };
  await stack.database.prisma.insight.create({ data: { ...example, id: newId("ins"), creatorId: "psy" } });
  // The month's account, prices and models are looked up once.
  const ids = [(await ask(wire, "test", { prompt: "hi" })).id];

  const least: [string, Omit<Asked, "id">][] = [];
  for (const [agent, inputOf, calls] of inputs) {
    const asked: Asked[] = [];
    for (let run = 0; run < runs; run++) asked.push(await ask(wire, agent, inputOf(run)));
    ids.push(...asked.map(({ id }) => id));
    const leastOf = (what: "writes" | "reads") => Math.min(...asked.map((one) => one[what]));
    expect(asked.map((one) => one.calls)).toEqual(asked.map(() => calls));
    least.push([agent, { calls, writes: leastOf("writes"), reads: leastOf("reads") }]);
  }
  expect(least).toEqual(inputs.map(([agent, , calls]) => [agent, { calls, writes: calls + 2, reads: 0 }]));
  // Both were there to be found.
  const { result } = await stack.job(ids.at(-1 - runs) as string);
  expect(result).toMatchObject({ insightsUsed: [expect.any(String)] });
  await rest();
  await eventually(() => assertInvariants(stack, ids));
  await wire.close();
});
