import { type Database, loadStatement } from "@understudy/database";
import type { BenchRun } from "./bench-run.ts";

const callsStatement = loadStatement(new URL("./ended-calls.sql", import.meta.url));
const accountsStatement = loadStatement(new URL("./calls-accounts.sql", import.meta.url));

const creators = 300;
const batchSize = 20_000;

/** Over how many days calls are spread. */
export const callsDays = 45;

/** Creators without a quota, each with a job to which all their calls belong. */
export async function writeCreators({ prisma }: Database): Promise<void> {
  // Calls are written when they begin, as a rule: these have ended already, and count on their days all the same.
  await prisma.$executeRaw`
    CREATE TRIGGER roll_up_inserted AFTER INSERT ON "UsageLog" REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT EXECUTE FUNCTION understudy_roll_up('1')`;
  const numbers = Array.from({ length: creators }, (_, index) => index + 1);
  await prisma.creator.createMany({
    data: numbers.map((number) => ({ id: `creator_${number}`, planName: "business" })),
  });
  const end = { status: "completed", result: {}, finishedAt: new Date() } as const;
  const job = { agent: "chat", feature: "fan_message", model: "gemini-3.5-flash-lite", input: {}, ...end };
  await prisma.jobRecord.createMany({
    data: numbers.map((number) => ({ ...job, id: `job_creator${number}`, creatorId: `creator_${number}` })),
  });
}

/** Adds `count` ended calls through the table's own triggers, and makes the planner's statistics current. */
export async function addCalls(run: BenchRun, database: Database, count: number): Promise<void> {
  for (let from = 1; from <= count; from += batchSize) {
    run.signal.throwIfAborted();
    const to = Math.min(from + batchSize - 1, count);
    await database.execute(callsStatement, [{ from, to, count, days: callsDays, creators }]);
    if (to % 200_000 === 0) run.report(`${to.toLocaleString("en")} calls written`);
  }
  await database.execute(accountsStatement, []);
  await database.prisma.$executeRaw`VACUUM ANALYZE`;
}
