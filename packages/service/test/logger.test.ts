import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createLogger, type Logger } from "../src/index.ts";
import { causeOf, RepeatedLines } from "../src/repeated-lines.ts";

let lines: Record<string, unknown>[];
let nowMs: number;
let logger: Logger;

beforeEach(() => {
  [lines, nowMs] = [[], 1_000];
  jest.spyOn(performance, "now").mockImplementation(() => nowMs);
  jest.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(JSON.parse(String(text)));
    return true;
  });
  logger = createLogger("test", "info");
});

afterEach(() => {
  jest.restoreAllMocks();
});

const readonly = () =>
  Object.assign(new Error("READONLY You can't write against a read only replica. script: 1f3a"), {
    name: "ReplyError",
    command: { name: "evalsha", args: ["a prompt"] },
  });

describe("lines about a fault that lasts", () => {
  it("are one in ten seconds for each cause, with how many were left out, and name the server's own word", () => {
    for (let count = 0; count < 1_400; count++) logger.warn({ err: readonly() }, "a connection has a fault");
    logger.warn({ err: new Error("another") }, "a connection has a fault");
    nowMs += 9_999;
    logger.warn({ err: readonly() }, "a connection has a fault");
    expect(lines).toMatchObject([
      { msg: "a connection has a fault", err: { type: "ReplyError", redis: "READONLY" } },
      { msg: "a connection has a fault", err: { type: "Error", message: "another" } },
    ]);
    nowMs += 1;
    logger.warn({ err: readonly() }, "a connection has a fault");
    expect(lines[2]).toMatchObject({ err: { redis: "READONLY" }, repeats: 1_400 });
    expect(JSON.stringify(lines)).not.toContain("a prompt");
  });

  it("of one job after the other are fifty in ten seconds, with how many were left out", () => {
    for (let job = 0; job < 1_000; job++) logger.info({ jobId: `job_${job}` }, "job is put off");
    logger.info({ jobId: "job_1" }, "something else");
    expect(lines).toHaveLength(51);
    nowMs += 10_000;
    for (let job = 0; job < 2; job++) logger.info({ jobId: `job_${job}` }, "job is put off");
    expect(lines.slice(51)).toMatchObject([{ repeats: 950 }, { jobId: "job_1" }]);
    expect(lines[52]).not.toHaveProperty("repeats");
  });

  it("say what stands nowhere else, and are written: warnings that are about no job, and errors", () => {
    for (let count = 0; count < 60; count++) {
      logger.warn({ endpointId: `we_${count}` }, "a webhook endpoint was disabled");
      logger.warn({ jobId: `job_${count}` }, "job ended without a result");
      logger.error({ jobId: `job_${count}` }, "a job has killed its process");
    }
    const said = (text: string) => lines.filter(({ msg }) => msg === text).length;
    expect(said("a webhook endpoint was disabled")).toBe(60);
    expect(said("job ended without a result")).toBe(50);
    expect(said("a job has killed its process")).toBe(60);
  });

  it("stay below 1 MiB a minute where jobs are put off and fail, a thousand a second", () => {
    const about = { agent: "messaging", creatorId: "creator_of_a_usual_length", attempt: 12 };
    for (let count = 0; count < 60_000; count++) {
      const jobId = `job_01KB${count}`.padEnd(30, "0");
      const wait = { kind: "put_off", waitingFor: "provider", delayMs: 1_000 };
      logger.info({ jobId, ...about, ...wait }, "job is put off");
      logger.warn(
        { jobId, ...about, status: "failed", errorCode: "provider_unavailable" },
        "job ended without a result",
      );
      nowMs += 1;
    }
    const bytes = lines.reduce((sum, line) => sum + JSON.stringify(line).length + 1, 0);
    expect(lines.length).toBe(600);
    expect(bytes).toBeLessThan(1024 * 1024);
  });

  it("are told apart by what they say, and lines about no fault are written", () => {
    for (const _ of [1, 2]) {
      logger.warn({ err: readonly() }, "one thing failed");
      logger.warn({ err: readonly() }, "another thing failed");
      logger.info({ jobId: "job_1" }, "job is put off");
      logger.info("plain");
    }
    expect(lines.map(({ msg }) => msg)).toEqual([
      ...["one thing failed", "another thing failed", "job is put off", "plain", "job is put off", "plain"],
    ]);
  });

  it("say which SQLSTATE it was, through the pool and through Prisma", () => {
    const ofPool = Object.assign(new Error("x"), { severity: "ERROR", code: "25006" });
    const cause = { originalCode: "57P01" };
    const ofPrisma = Object.assign(new Error("y"), {
      ...{ name: "PrismaClientKnownRequestError", code: "P2010" },
      meta: { driverAdapterError: { cause } },
    });
    logger.error({ err: ofPool }, "one");
    logger.error({ err: ofPrisma }, "two");
    logger.error({ err: Object.assign(new Error("z"), { code: "EPIPE" }) }, "three");
    expect(lines.map(({ err }) => (err as { sqlState?: string }).sqlState)).toEqual([
      "25006",
      "57P01",
      undefined,
    ]);
  });
});

it("a thousand causes at once don't make it grow", () => {
  const repeated = new RepeatedLines(() => 0);
  for (let cause = 0; cause < 2_500; cause++) expect(repeated.note(`cause ${cause}`)).toBe(0);
  // The oldest are forgotten, and said again rather than lost.
  expect(repeated.note("cause 1500")).toBeUndefined();
  expect(repeated.note("cause 1499")).toBe(0);
  expect(causeOf("m", new TypeError("x"))).not.toBe(causeOf("m", new Error("x")));
});
