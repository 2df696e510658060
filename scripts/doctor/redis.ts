import { agentQueue, connectRedis } from "@understudy/queues";
import { Queue } from "bullmq";
import { reasonOf } from "../client/command-error.ts";
import { checkClock } from "./clock.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import type { Settings } from "./settings.ts";

type Redis = ReturnType<typeof connectRedis>;

const versionMin = [6, 2] as const;
const connectSeconds = 5;

/** Workers take jobs of all agents. */
const everyWorkersAgent = "chat";

/** Version, eviction, persistence, memory, clock, and whether a worker is there. */
export async function checkRedis(settings: Settings): Promise<Finding[]> {
  const url = settings.REDIS_URL;
  if (url === undefined) return [];
  const redis = connectRedis(url, "producer");
  let cause = "no answer";
  redis.on("error", (error) => {
    cause = reasonOf(error);
  });
  try {
    await connected(redis);
    const fields = new Map([...(await redis.info()).matchAll(/^(\w+):(.*)\r?$/gm)].map(([, k, v]) => [k, v]));
    return [
      ...checkFields((name) => fields.get(name)),
      await checkWrite(redis),
      await checkClock("Redis", async () => {
        const [seconds, micros] = await redis.time();
        return Number(seconds) * 1000 + Number(micros) / 1000;
      }),
      await checkWorkers(redis),
    ];
  } catch (error) {
    const reason = cause === "no answer" ? reasonOf(error) : cause;
    return [
      fail("redis", reason, "see that REDIS_URL names a Redis that answers; rediss:// where it wants TLS"),
    ];
  } finally {
    redis.disconnect();
  }
}

function connected(redis: Redis): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`no answer in ${connectSeconds} s`)),
      connectSeconds * 1000,
    );
    redis.once("ready", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function checkFields(field: (name: string) => string | undefined): Finding[] {
  const version = field("redis_version") ?? "unknown";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNew = major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1]);
  const policy = field("maxmemory_policy");
  const isUpstash = field("upstash_version") !== undefined;
  const persists = field("aof_enabled") === "1" || isUpstash;
  const findings = [
    isNew
      ? ok("redis", `version ${version}${isUpstash ? " (Upstash)" : ""}`)
      : fail("redis", `version ${version}`, "upgrade it to 7, 6.2 at least"),
    persists
      ? ok("redis", "keeps what was written")
      : warn(
          "redis",
          "forgets what it has when it restarts",
          "set appendonly yes; until then buckets start empty",
        ),
  ];
  if (policy === undefined) {
    findings.push(
      warn("redis", "does not tell its maxmemory-policy", "see that eviction is off (noeviction)"),
    );
  } else {
    findings.push(
      policy === "noeviction"
        ? ok("redis", "evicts nothing")
        : fail("redis", `maxmemory-policy is ${policy}: it may drop jobs`, "set maxmemory-policy noeviction"),
    );
  }
  const [used, max] = [Number(field("used_memory") ?? 0), Number(field("maxmemory") ?? 0)];
  if (max > 0 && used > 0.8 * max) {
    findings.push(warn("redis", `memory is ${Math.round((100 * used) / max)} % full`, "raise maxmemory"));
  }
  return findings;
}

/** A full Redis still answers PING: only a write tells. */
async function checkWrite(redis: Redis): Promise<Finding> {
  try {
    await redis.set("understudy:doctor", "1", "EX", 60);
    return ok("redis", "takes writes");
  } catch (error) {
    return fail(
      "redis",
      `takes no writes: ${reasonOf(error)}`,
      "give it memory, or the user the right to write",
    );
  }
}

/** Workers are seen by the names of their connections. */
async function checkWorkers(redis: Redis): Promise<Finding> {
  const { name, prefix } = agentQueue(everyWorkersAgent);
  const queue = new Queue(name, { connection: redis, prefix, skipVersionCheck: true });
  queue.on("error", () => {});
  try {
    const count = await queue.getWorkersCount();
    if (count > 0) return ok("worker", `${count} connected to Redis`);
    return fail("worker", "none is connected to Redis", "start one (node dist/worker.mjs), and see its log");
  } catch {
    return warn("worker", "this Redis does not list its clients", "see that a worker's /healthz answers");
  }
}
