import { expect } from "@jest/globals";
import { assertInvariants, eventually } from "@understudy/testkit";
import pg from "pg";
import { ends, rest, stack, start, withClient } from "./fault-run.ts";

/** Long enough a conversation, and interest enough, that sales is asked as well. */
const conversation = {
  history: [
    { from: "fan", text: "I bought your last photo set and loved it" },
    { from: "creator", text: "Thank you, that makes me so happy!" },
  ],
  context: { engagementLevel: "high" },
};

export function submitChat(number: number, creatorId = "psy"): Promise<string> {
  const message = `Hello number ${number}, which of your new sets do you recommend?`;
  return stack.submit("chat", { creatorId, input: { fanId: `fan_${number}`, message, ...conversation } });
}

/** Makes a step's write wait wherever "BlockedStep" names it, for as long as `hold` holds the lock. */
const blockSteps = `
  CREATE TABLE "BlockedStep" ("fanId" text, "key" text);
  CREATE FUNCTION block_step() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT FROM "BlockedStep" b JOIN "Job" j USING ("fanId") WHERE j."id" = NEW."jobId" AND b."key" = NEW."key")
    THEN PERFORM pg_advisory_xact_lock_shared(4711);
    END IF;
    RETURN NEW;
  END $$;
  CREATE FUNCTION block_end() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT FROM "BlockedStep" b JOIN "Job" j USING ("fanId") WHERE j."id" = NEW."jobId" AND b."key" = 'end')
    THEN PERFORM pg_advisory_xact_lock_shared(4711);
    END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER block_step BEFORE INSERT ON "Step" FOR EACH ROW EXECUTE FUNCTION block_step();
  CREATE TRIGGER block_end BEFORE INSERT ON "Outbox" FOR EACH ROW EXECUTE FUNCTION block_end();`;

async function hold(): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  await client.query("SELECT pg_advisory_lock(4711)");
  return () => client.end();
}

const blocked = `SELECT "pid" FROM pg_stat_activity
  WHERE "datname" = current_database() AND "wait_event_type" = 'Lock' AND "wait_event" = 'advisory'`;

/** How often each step of a job was paid for, and what was shared. */
async function tracesOf(jobId: string) {
  const { usageLog, step, insight } = stack.database.prisma;
  const [calls, steps, insights] = await Promise.all([
    usageLog.findMany({ where: { jobId } }),
    step.findMany({ where: { jobId } }),
    insight.findMany({ where: { jobId } }),
  ]);
  return {
    paid: calls.filter((call) => call.status === "settled").map((call) => call.stepKey),
    lost: calls.filter((call) => call.status === "unknown").map((call) => call.stepKey),
    steps: steps.map((each) => each.key).sort(),
    insights: insights.map((each) => each.stepKey).sort(),
  };
}

/**
 * Kills workers, each in another step of a chat, and asserts that every job is done, that no finished step is paid for
 * again, and that nothing is shared twice.
 * @param isLost the step is not committed; else it is, but its worker has not heard of it
 */
export async function killInSteps(isLost: boolean): Promise<void> {
  await start({ environment: { WORKER_ATTEMPT_SECONDS: "30" } });
  const first = await submitChat(0);
  await rest();
  const usual = await tracesOf(first);
  expect(usual.steps.length).toBeGreaterThanOrEqual(5);
  expect(usual.insights).not.toEqual([]);

  // One worker for each step, with one job: else one that waits would hold up the writes of the others.
  const keys = [...usual.steps, "end"];
  await stack.workers.pop()?.stop();
  await withClient(async (client) => {
    await client.query(blockSteps);
    for (const [index, key] of keys.entries()) {
      await client.query(`INSERT INTO "BlockedStep" VALUES ($1, $2)`, [`fan_${index + 1}`, key]);
    }
  });
  const release = await hold();
  const ids: string[] = [];
  for (const index of keys.keys()) {
    await stack.addWorker({ WORKER_CONCURRENCY: "1" });
    ids.push(await submitChat(index + 1));
    await eventually(() =>
      withClient(async (client) =>
        expect((await client.query(blocked)).rows.length).toBeGreaterThanOrEqual(index + 1),
      ),
    );
  }
  const killed = stack.workers.splice(0);
  await Promise.all(killed.map((worker) => worker.kill()));
  const finished = await Promise.all(ids.map(async (id) => (await tracesOf(id)).steps));
  await withClient(async (client) => {
    if (isLost) await client.query(`SELECT pg_terminate_backend("pid") FROM (${blocked}) AS b`);
    await client.query(`DELETE FROM "BlockedStep"`);
  });
  await release();
  await stack.addWorker();
  await rest(120_000);

  expect(await ends()).toEqual({ completed: keys.length + 1 });
  const lost: string[] = [];
  for (const [index, key] of keys.entries()) {
    const { lost: lostSteps, paid, ...traces } = await tracesOf(ids[index] ?? "");
    const { lost: _, paid: usualPaid, ...usualTraces } = usual;
    expect([key, traces, paid.sort()]).toEqual([key, usualTraces, usualPaid.sort()]);
    // What ran beside the step that was blocked may be lost with it, but nothing that was finished.
    expect(lostSteps.filter((step) => finished[index]?.includes(step))).toEqual([]);
    lost.push(...lostSteps);
  }
  if (isLost) expect(lost).toEqual(expect.arrayContaining(usual.paid));
  await assertInvariants(stack, [first, ...ids], lost.length);
}
