import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { eventually } from "@understudy/testkit";
import pg from "pg";
import {
  assertRun,
  countBy,
  creatorId,
  ends,
  openCalls,
  ownPostgres,
  rest,
  shareStack,
  stack,
  startWorkers,
  submitMany,
  withClient,
} from "./fault-run.ts";

shareStack(() => ({ hasOwnPostgres: true }));

const patient = { WORKER_ATTEMPT_SECONDS: "60" };

/** Long enough that BullMQ, were it to count, would have given everything up. */
const faultMs = 8_000;

const requestChat = () => stack.request("POST", "/api/ai/chat", { creatorId, fanId: "f", message: "hi" });

describe("Postgres", () => {
  it("read-only, as in a failover: 503, nothing used up, no paid answer lost; then all goes on", async () => {
    await startWorkers(1, patient);
    const [first = ""] = await submitMany(1);
    await eventually(async () => expect((await stack.job(first)).status).toBe("completed"));
    await stack.rule({ match: {}, respond: { delayMs: 3_000 }, times: 10 });
    // Some are under way when it begins, the others wait for a worker.
    const ids = await submitMany(10);
    await eventually(async () => expect(await openCalls()).toBe(10));
    await setReadOnly(ownPostgres().url, true);
    const refused = await requestChat();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
    const ready = await fetch(`${stack.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: "unavailable", dependencies: { postgres: "away", redis: "ok" } },
    ]);
    await sleep(faultMs);
    await setReadOnly(ownPostgres().url, false);
    await rest();
    expect(await ends()).toEqual({ completed: 11 });
    await assertRun([first, ...ids], 0);
  });

  it("takes the password no more: as down, until it takes it again", async () => {
    await startWorkers(1, patient);
    await stack.rule({ match: {}, respond: { delayMs: 3_000 }, times: 20 });
    const ids = await submitMany(20);
    await eventually(async () => expect(await openCalls()).toBe(20));
    const operator = new pg.Client({ connectionString: ownPostgres().url });
    await operator.connect();
    const role = pg.escapeIdentifier(new URL(ownPostgres().url).username);
    await operator.query(`ALTER ROLE ${role} NOLOGIN`);
    await operator.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    const refused = await requestChat();
    expect(refused.status).toBe(503);
    await sleep(faultMs);
    await operator.query(`ALTER ROLE ${role} LOGIN`);
    await operator.end();
    await rest();
    expect(await ends()).toEqual({ completed: 20 });
    await assertRun(ids, 0);
  });

  it("ends sessions now and then: no job fails for it", async () => {
    await startWorkers(2, patient);
    await stack.rule({ match: {}, respond: { delayMs: 100 } });
    let isOver = false;
    const ending = (async () => {
      while (!isOver) {
        await withClient((client) =>
          client.query(`
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'understudy' AND datname = current_database() ORDER BY random() LIMIT 2`),
        ).catch(() => {});
        await sleep(150);
      }
    })();
    const ids: string[] = [];
    for (let batch = 0; batch < 10; batch++) {
      for (let n = 0; n < 15; n++) {
        const input = { fanId: "f", message: `Hello number ${batch} ${n}, when is the next show?` };
        const answer = await stack.request("POST", "/api/ai/agents/messaging/jobs", {
          creatorId,
          input,
        });
        const { id } = (await answer.json()) as { id?: string };
        if (answer.status === 202 && id) ids.push(id);
        else expect(answer.status).toBe(503);
      }
      await sleep(300);
    }
    isOver = true;
    await ending;
    await rest();
    expect(ids.length).toBeGreaterThan(50);
    expect(Object.keys(await ends())).toEqual(["completed"]);
    await assertRun(ids, 0);
  });
});

describe("an answer that Postgres could not store as it is", () => {
  it("is stored, settled and told without what can't be: U+0000, half a surrogate pair", async () => {
    await startWorkers(2, patient);
    const reply = { reply: "Hi \u0000there \\u0000 \uD83D you", tone: "warm" };
    await stack.rule({
      match: { contains: "number 0," },
      respond: { text: JSON.stringify(reply) },
      times: 1,
    });
    const ids = await submitMany(2);
    await rest();
    await assertRun(ids);
    expect(await countBy({ errorCode: { in: ["agent_error", "worker_crashed"] } })).toBe(0);
    const calls = await stack.database.prisma.usageLog.findMany({ where: { jobId: { in: ids } } });
    expect(calls.every(({ status }) => status === "settled")).toBe(true);
  });
});

/** Makes all transactions that begin from now on read-only, or takes that back. */
async function setReadOnly(url: string, isReadOnly: boolean): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("SET default_transaction_read_only = off");
  await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${isReadOnly ? "on" : "off"}`);
  await client.query("SELECT pg_reload_conf()");
  await client.end();
}
