import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import {
  assertInvariants,
  eventually,
  type PostgresWire,
  readBill,
  type Stack,
  startPostgresWire,
  startStack,
  throughLink,
  watchStack,
} from "@understudy/testkit";

/**
 * Of what is handled alike one each: a connection lost, a server that writes nothing, an answer that passes,
 * one that ends the session. `errors.integration.test.ts` of the database asks for all others.
 */
const away = ["08006", "25006", "28P01", "40001", "53300", "57014", "57P01", "58030", "XX000"];
/** Tried again at once, three times: so often they are to be answered that the fourth is seen. */
const passing = ["40001", "57014"];

/** Statements of a job's life, by name; and what is asked through Prisma. */
const statements = {
  "create-jobs": /^create-jobs$/,
  "claim-jobs": /^claim-jobs$/,
  "write-attempts": /^write-attempts$/,
  "mark-dispatched": /^mark-dispatched$/,
  Prisma: /"public"\."/,
};

let wire: PostgresWire;
let stack: Stack;
let watch: ReturnType<typeof watchStack>;
const accepted: string[] = [];

beforeAll(async () => {
  wire = await startPostgresWire();
  stack = await startStack({
    // The test itself asks Postgres straight.
    environment: ({ databaseUrl }) => ({
      DATABASE_URL: throughLink(wire, databaseUrl),
      WORKER_ATTEMPT_SECONDS: "60",
    }),
  });
  watch = watchStack(stack);
  const terms = { plan: "business", bucket: { ratePerHour: 1_000_000, burst: 1000 } };
  await stack.request("PUT", "/api/ai/creators/psy", terms);
});

const takeBacks: (() => void)[] = [];
afterEach(() => {
  for (const takeBack of takeBacks.splice(0)) takeBack();
});

afterAll(async () => {
  await watch?.stop();
  await stack?.stop();
  await wire?.close();
});

let count = 0;

/** Opened unheard, and never sent. */
let unsentCalls = 0;

/** Submits a job as an app does: the same request again, until it is accepted. */
async function submit(): Promise<string> {
  const message = `Hello number ${count++}, when is the next show?`;
  const body = { creatorId: "psy", input: { fanId: "f", message } };
  const key = { "idempotency-key": `key-${count}` };
  return await eventually(async () => {
    const response = await stack.request("POST", "/api/ai/agents/messaging/jobs", body, key);
    if (response.status !== 202)
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(response.status).toBe(202);
    const { id } = (await response.json()) as { id: string };
    accepted.push(id);
    return id;
  });
}

/** Once the job has ended: what it has used up. */
async function endOf(id: string) {
  const { prisma } = stack.database;
  return await eventually(async () => {
    const job = await prisma.job.findUniqueOrThrow({ where: { id }, include: { outbox: true } });
    expect(job.finishedAt).not.toBeNull();
    const calls = await prisma.usageLog.findMany({ where: { jobId: id } });
    return {
      ...{ status: job.status, error: job.errorCode, tries: job.tries, crashes: job.crashes },
      ...{ attempts: job.attempt - job.fences, events: job.outbox.length },
      calls: calls.map((call) => call.status),
    };
  }, 60_000);
}

const unharmed = {
  ...{ status: "completed", error: null, tries: 0, crashes: 0, attempts: 1, events: 1, calls: ["settled"] },
};

describe("Postgres answers with a state that is not the data's", () => {
  it.each(away)(
    "%s: to all, then to each statement of a job's life: 503, and nothing is used up or lost",
    async (sqlState) => {
      await stack.rule({ match: {}, respond: { delayMs: 500 }, times: 1 });
      const early = await submit();
      const call = await eventually(() =>
        stack.database.prisma.usageLog.findFirstOrThrow({ where: { jobId: early, status: "started" } }),
      );
      const takeBack = wire.answer({ sqlState });
      takeBacks.push(takeBack);
      const refused = await stack.request("POST", "/api/ai/chat", {
        creatorId: "psy",
        fanId: "f",
        message: "hi",
      });
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
      const ready = await fetch(`${stack.url}/readyz`);
      expect([ready.status, await ready.json()]).toMatchObject([503, { dependencies: { postgres: "away" } }]);
      // Its answer is paid, and can't be written.
      await eventually(async () =>
        expect((await readBill(stack.emulatorUrl)).map(({ callId }) => callId)).toContain(call.id),
      );
      takeBack();

      for (const statement of Object.values(statements))
        takeBacks.push(wire.answer({ sqlState, statement, times: passing.includes(sqlState) ? 4 : 2 }));
      const late = await submit();
      expect([await endOf(early), await endOf(late)]).toEqual([unharmed, unharmed]);
    },
  );

  it.each(["28P01", "3D000", "53300", "57P03"])("%s: to whoever connects", async (sqlState) => {
    takeBacks.push(wire.answer({ sqlState, atConnect: true, times: 10 }));
    wire.cut();
    expect(await endOf(await submit())).toEqual(unharmed);
  });
});

describe("a connection is lost when its statement was committed", () => {
  it.each(Object.entries(statements))("%s: what was done is read back", async (_, statement) => {
    takeBacks.push(wire.dropAfterCommit({ statement, times: 2 }));
    const { calls, ...end } = await endOf(await submit());
    expect({ ...end, calls: calls.filter((status) => status !== "released") }).toEqual(unharmed);
    // What was opened unheard was not sent: once, or twice where its release was heard.
    const unsent = calls.length - 1;
    expect(statement === statements["write-attempts"] ? [1, 2] : [0]).toContain(unsent);
    unsentCalls += unsent;
  });

  it("write-attempts, with an answer and the job's end: both are read back", async () => {
    await stack.rule({ match: {}, respond: { delayMs: 500 }, times: 1 });
    const id = await submit();
    await eventually(() =>
      stack.database.prisma.usageLog.findFirstOrThrow({ where: { jobId: id, status: "started" } }),
    );
    takeBacks.push(wire.dropAfterCommit({ statement: statements["write-attempts"], times: 2 }));
    // Its end was heard of only as one that had been written before.
    expect(await endOf(id)).toEqual(unharmed);
  });
});

it("all of that leaves everything in order", async () => {
  await assertInvariants(stack, accepted, unsentCalls);
});
