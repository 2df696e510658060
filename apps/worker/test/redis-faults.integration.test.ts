import { describe, expect, it } from "@jest/globals";
import { assertInvariants, eventually, type Link, startLink, startTestRedis } from "@understudy/testkit";
import { Redis } from "ioredis";
import { countBy, ends, rest, stack, start, submitMany } from "./fault-run.ts";

/** A stack whose Redis stands behind an address that may lead elsewhere. */
async function startBehindLink(): Promise<Link> {
  const link = await startLink(0);
  await start({
    environment: ({ redis }) => {
      const url = new URL(redis.url);
      link.leadTo(Number(url.port));
      url.port = String(link.port);
      return { REDIS_URL: url.href };
    },
  });
  return link;
}

const outputOf = () => [stack.api, ...stack.workers].map((process) => process.output()).join("");

async function ask<Answer>(url: string, question: (redis: Redis) => Promise<Answer>): Promise<Answer> {
  const redis = new Redis(url, { disconnectTimeout: 200 });
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

describe("Redis behind a stable address", () => {
  it("fails over while all sockets live: work goes on within 30 s, with a few lines that name the cause", async () => {
    const link = await startBehindLink();
    const standby = await startTestRedis();
    const { password } = new URL(stack.redis.url);
    // Both take the same password, as the servers of one Redis do.
    await ask(standby.url, (redis) => redis.config("SET", "masterauth", password, "requirepass", password));
    const standbyUrl = Object.assign(new URL(standby.url), { password }).href;
    try {
      const early = await submitMany(3);
      await eventually(async () => expect(await countBy({ status: "completed" })).toBe(3));
      // The other becomes the primary, and the old one its replica, which refuses writes.
      const [oldPort, newPort] = [stack.redis.url, standbyUrl].map((url) => Number(new URL(url).port));
      await ask(standbyUrl, (redis) => redis.replicaof("127.0.0.1", String(oldPort)));
      await eventually(async () =>
        expect(await ask(standbyUrl, (redis) => redis.info("replication"))).toContain(
          "master_link_status:up",
        ),
      );
      await ask(standbyUrl, (redis) => redis.replicaof("NO", "ONE"));
      link.leadTo(Number(newPort));
      // Taken before: what writes at that very moment is refused at once, and one line in ten seconds tells of it.
      const printed = outputOf().length;
      await ask(stack.redis.url, (redis) => redis.replicaof("127.0.0.1", String(newPort)));
      const failedOverAt = Date.now();
      // The watch of places looks into the old one, which knows nothing of what comes.
      const ids = await submitMany(20);
      await rest();
      expect(Date.now() - failedOverAt).toBeLessThan(30_000);
      expect(await ends()).toEqual({ completed: 23 });
      const lines = outputOf().slice(printed).split("\n");
      expect(lines.length).toBeLessThan(100);
      expect(lines.filter((line) => /"redis":"READONLY"/.test(line)).length).toBeGreaterThan(0);
      expect(await countBy({ id: { in: [...early, ...ids] }, status: "completed" })).toBe(23);
    } finally {
      await standby.remove();
      await link.close();
    }
  });

  it("swallows what it is told on connections that are there: they are made anew", async () => {
    const link = await startBehindLink();
    try {
      const early = await submitMany(3);
      await eventually(async () => expect(await countBy({ status: "completed" })).toBe(3));
      link.swallow();
      const swallowedAt = Date.now();
      const ids = await submitMany(20);
      await rest();
      expect(Date.now() - swallowedAt).toBeLessThan(45_000);
      expect(await ends()).toEqual({ completed: 23 });
      await assertInvariants(stack, [...early, ...ids]);
    } finally {
      await link.close();
    }
  });
});

describe("a worker told to stop while Redis is away", () => {
  it("gives back what it runs and ends with 0", async () => {
    await start({ environment: { WORKER_STOP_SECONDS: "2", WORKER_ATTEMPT_SECONDS: "8" } });
    await stack.rule({ match: {}, respond: { delayMs: 30_000 }, times: 3 });
    const ids = await submitMany(3);
    await eventually(async () =>
      expect(await stack.database.prisma.usageLog.count({ where: { status: "started" } })).toBe(3),
    );
    await stack.redis.kill();
    expect(await stack.workers[0]?.stop()).toBe(0);
    expect(await countBy({ status: "queued", crashes: 0 })).toBe(3);
    await stack.redis.restart();
    await stack.addWorker();
    await rest();
    expect(await ends()).toEqual({ completed: 3 });
    await assertInvariants(stack, ids, 3);
  });
});
