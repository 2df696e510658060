import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually, prometheusTools, type Stack, startStack } from "@understudy/testkit";
import { dashboardQueries, promFiles } from "./prometheus-files.ts";
import { startPrometheus } from "./prometheus-server.ts";

/** Jobs that lanes release at least, though no worker is there. */
const released = 4;

let tools: Awaited<ReturnType<typeof prometheusTools>>;
let stack: Stack;
let workerUrl: string;

beforeAll(async () => {
  [tools, stack] = await Promise.all([prometheusTools(), startStack({ workers: 0 })]);
});

afterAll(async () => {
  await stack?.stop();
});

async function scrape(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(200);
  return response.text();
}

/** The value of one series; undefined where it is not there. */
function seriesValue(text: string, series: string): number | undefined {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test("what a worker could start now is told apart from what waits for a token or a time", async () => {
  const burst = 10;
  await stack.request("PUT", "/api/ai/creators/hot", { bucket: { ratePerHour: 1, burst } });
  const jobs = Array.from({ length: 20 }, () =>
    stack.submit("test", { creatorId: "hot", input: { prompt: "Hello" } }),
  );
  await Promise.all(jobs);
  const notBefore = new Date(Date.now() + 3_600_000).toISOString();
  await stack.submit("test", { creatorId: "later", input: { prompt: "Hello" }, options: { notBefore } });
  await eventually(async () => {
    const text = await scrape(stack.url);
    expect(seriesValue(text, "understudy_backlog_admissible_jobs")).toBe(burst);
    expect(seriesValue(text, 'understudy_jobs_waiting{cause="worker"}')).toBe(burst);
    expect(seriesValue(text, 'understudy_jobs_waiting{cause="token"}')).toBe(20 - burst);
    expect(seriesValue(text, 'understudy_jobs_waiting{cause="time"}')).toBe(1);
    expect(seriesValue(text, "understudy_backlog_admissible_age_seconds")).toBeGreaterThan(0);
  });
  await stack.request("POST", "/api/ai/creators/hot/pause");
  await eventually(async () => {
    const text = await scrape(stack.url);
    expect(seriesValue(text, 'understudy_jobs_waiting{cause="paused"}')).toBe(20 - released);
    expect(seriesValue(text, 'understudy_jobs_waiting{cause="token"}')).toBe(0);
  });
});

test("a worker counts each start, call, token and cent", async () => {
  const worker = await stack.addWorker({ METRICS_PORT: "0" });
  workerUrl = String(worker.details.metricsUrl);
  const id = await stack.submit("chat", {
    creatorId: "light",
    input: { fanId: "fan_1", message: "When is your next show?" },
  });
  const job = await eventually(async () => {
    const found = await stack.job(id);
    expect(found.status).toBe("completed");
    return found;
  });
  const text = await scrape(workerUrl);
  expect(seriesValue(text, 'understudy_job_starts_total{agent="chat"}')).toBe(1);
  expect(seriesValue(text, 'understudy_job_picks_total{agent="chat"}')).toBe(1);
  expect(seriesValue(text, 'understudy_job_wait_seconds_count{agent="chat"}')).toBe(1);
  expect(seriesValue(text, 'understudy_job_duration_seconds_count{agent="chat",end="completed"}')).toBe(1);
  const sum = (name: string) =>
    text
      .split("\n")
      .filter((line) => line.startsWith(name))
      .reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
  expect(sum("understudy_call_duration_seconds_count")).toBe(job.usage.calls + released);
  expect(sum("understudy_cost_usd_total")).toBeGreaterThanOrEqual(Number(job.usage.costUsd));
  expect((await fetch(`${workerUrl}/healthz`)).status).toBe(200);
});

test("promtool finds nothing to say about the names and units of all metrics", async () => {
  for (const url of [stack.url, workerUrl]) {
    expect(await promtool(["check", "metrics"], await scrape(url))).toBe("");
  }
});

test("promtool accepts configuration and rules, and each rule passes its tests", async () => {
  const found = await Promise.all([
    // The token's file is there in Compose alone.
    promtool(["check", "config", "--syntax-only", promFiles.config]),
    promtool(["check", "rules", promFiles.rules]),
    promtool(["test", "rules", promFiles.ruleTests]),
  ]);
  expect(found).toEqual(["", "", ""]);
});

test("an alert fires in Prometheus, which scrapes the real metrics; it reads all rules and the dashboard", async () => {
  const prometheus = await startPrometheus(tools.prometheus, promFiles.rules, {
    "understudy-api": stack.url,
    "understudy-worker": workerUrl,
  });
  const receiver = createServer((_request, response) => response.writeHead(410).end()).listen(0, "127.0.0.1");
  try {
    await once(receiver, "listening");
    const { port } = receiver.address() as AddressInfo;
    await stack.request("POST", "/api/ai/webhooks", {
      url: `http://127.0.0.1:${port}/gone`,
      events: ["job.completed"],
    });
    // Only what Prometheus has seen rise has risen.
    await eventually(async () => {
      expect((await prometheus.query("understudy_webhook_endpoints_disabled_total"))[0]?.value).toBe(0);
    });
    const firing = 'ALERTS{alertname="UnderstudyWebhookEndpointDisabled",alertstate="firing"}';
    expect(await prometheus.query(firing)).toEqual([]);
    await stack.submit("test", { creatorId: "other", input: { prompt: "Hello" } });
    await eventually(async () => expect(await prometheus.query(firing)).toHaveLength(1));

    expect((await prometheus.query("up")).map(({ value }) => value)).toEqual([1, 1]);
    const { groups } = await prometheus.get<RuleGroups>("rules");
    const unhealthy = groups.flatMap(({ rules }) => rules).filter(({ health }) => health !== "ok");
    expect(unhealthy).toEqual([]);
    for (const query of dashboardQueries()) await prometheus.query(query);
  } finally {
    await prometheus.stop();
    receiver.close();
  }
});

test("no label holds an id or a text of anyone", async () => {
  const texts = (await Promise.all([stack.url, workerUrl].map(scrape))).join("\n");
  for (const secret of ["hot", "light", "fan_1", "next show", "job_", "Hello"]) {
    expect(texts).not.toMatch(new RegExp(`"[^"\\n]*${secret}[^"\\n]*"`));
  }
});

test("a scrape answers while Redis hangs, says so, and leaves out what it does not know", async () => {
  expect(seriesValue(await scrape(stack.url), 'understudy_up{dependency="redis"}')).toBe(1);
  process.kill(stack.redis.pid(), "SIGSTOP");
  try {
    await eventually(async () => {
      const text = await scrape(stack.url);
      expect(seriesValue(text, 'understudy_up{dependency="redis"}')).toBe(0);
      expect(seriesValue(text, 'understudy_up{dependency="postgres"}')).toBe(1);
      expect(seriesValue(text, "understudy_backlog_admissible_jobs")).toBeUndefined();
      expect(seriesValue(text, "understudy_jobs_running")).toBeDefined();
    });
  } finally {
    process.kill(stack.redis.pid(), "SIGCONT");
  }
});

interface RuleGroups {
  groups: { rules: { name: string; health: string; lastError?: string }[] }[];
}

/** What promtool finds wrong; nothing where all is well. */
function promtool(options: string[], input = ""): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(tools.promtool, options, (error, stdout, stderr) =>
      resolve(error ? `${stdout}${stderr}${error.message}` : ""),
    );
    child.stdin?.end(input);
  });
}
