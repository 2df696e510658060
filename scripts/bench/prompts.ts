import { setTimeout as sleep } from "node:timers/promises";
import { type CostSums, type Costs, isTerminal, type Job } from "@understudy/contracts";
import { startTestEmulator } from "@understudy/testkit";
import Table from "cli-table3";
import pMap from "p-map";
import { ApiClient, type Request } from "../client/api-client.ts";
import { ask } from "../client/ask.ts";
import { readMessages } from "../replay/read-messages.ts";
import type { Benchmark, BenchRun } from "./bench-run.ts";
import { callCpuUs } from "./call-cpu.ts";
import { chatTextCpuUs } from "./chat-text-cpu.ts";
import { fanMessages } from "./fan-messages.ts";
import { bound, type Finding } from "./finding.ts";
import { startPrivateServices } from "./private-services.ts";
import { adminKey, startApi } from "./start-api.ts";
import { startWorker } from "./start-worker.ts";

/** Enough for a mean that the next hundred hardly change. */
const messagesMax = 100;

/** Jobs under way at once. */
const atOnce = 20;

const pollMs = 100;

const creatorId = "prompts";

/** A creator of whom enough is known that all parts of a prompt are used. */
const profile = {
  displayName: "Mia",
  voice: "warm, playful, short sentences, one emoji at most",
  dos: ["thank fans by what they wrote"],
  donts: ["promise meetings", "speak of other fans"],
  languages: ["en"],
  prices: { "photo set": "12", "custom video": "60" },
  sampleReplies: ["aww thank you, that made my day!", "new set on friday, i promise it's a good one"],
};

/** What each agent is asked about a fan's message. */
const inputs: Record<string, (message: string, index: number) => object> = {
  chat: (message, index) => ({ fanId: `fan_${index}`, message }),
  messaging: (message, index) => ({ fanId: `fan_${index}`, message }),
  sales: (currentMessage, index) => ({
    fanId: `fan_${index}`,
    context: { currentMessage, engagementLevel: "high" },
  }),
  content: (description) => ({ platform: "instagram", contentInfo: { type: "photo", description } }),
  analytics: (message) => ({
    metrics: {
      engagementData: [
        { day: 1, likes: message.length },
        { day: 2, likes: 90 },
      ],
    },
  }),
  compliance: (content) => ({ content }),
};

/** Of what is measured in this process. */
const rounds = 5;

/**
 * What each agent's prompts come to: calls, tokens and USD, on fan messages; and what a worker's own CPU has to do with
 * their texts and for a call.
 */
export const prompts: Benchmark = async (run) => {
  const services = await startPrivateServices(run);
  const api = await startApi(run, services);
  const emulator = await startTestEmulator();
  run.atEnd(emulator.stop);
  const worker = await startWorker(services, emulator.url);
  run.atEnd(worker.stop);
  const client = new ApiClient(api, { key: adminKey, connections: atOnce });
  run.atEnd(() => client.close());
  const tell = async (request: Request) => (await ask(client, api, request)).body;
  await tell({ method: "PUT", path: `/api/ai/creators/${creatorId}`, body: { profile } });

  const messages = await messagesOf(run);
  const table = new Table({
    head: ["asked", "made by", "calls", "input", "cached", "output", "thoughts", "USD"],
    colAligns: ["left", "left", ...Array<"right">(6).fill("right")],
    style: { head: [], border: [], compact: true },
  });
  const findings: Finding[] = [];
  for (const [agent, inputOf] of Object.entries(inputs)) {
    await runJobs(run, tell, agent, messages.map(inputOf));
    const costs = (await tell({
      method: "GET",
      path: `/api/ai/admin/costs?groupBy=agent&feature=${agent}`,
    })) as Costs;
    for (const row of costs.rows) table.push([agent, row.key, ...figuresOf(row)]);
    if (costs.rows.length > 1) table.push([agent, "in all", ...figuresOf(costs.total)]);
    const thousand = (Number(costs.total.costUsd) / messages.length) * 1000;
    findings.push(
      bound({ benchmark: "prompts", what: `${agent}, 1,000 jobs`, unit: "USD", ours: [thousand] }),
    );
  }
  const cpu = { benchmark: "prompts", unit: "µs" } as const;
  const texts = await chatTextCpuUs(messages, profile, rounds);
  findings.push(bound({ ...cpu, what: "CPU of a chat's texts", ours: texts, goalMax: 120 }));
  for (const isStreamed of [true, false]) {
    const ours = await callCpuUs(emulator.url, messages[0] ?? "", isStreamed, rounds);
    findings.push(bound({ ...cpu, what: `CPU of a call, ${isStreamed ? "streamed" : "whole"}`, ours }));
  }
  run.report(`each agent asked about ${messages.length} messages; tokens and USD in all\n${table}`);
  return findings;
};

/** Of the file that was given, else of our own. */
async function messagesOf({ messagesFile }: BenchRun): Promise<string[]> {
  if (messagesFile === undefined)
    return fanMessages()
      .slice(0, messagesMax)
      .map(({ message }) => message);
  const messages: string[] = [];
  for await (const { text, fault } of readMessages(messagesFile)) {
    if (!fault && messages.push(text) === messagesMax) break;
  }
  return messages;
}

/** Until all have ended; those of one agent have its name for their feature. */
async function runJobs(
  { signal }: BenchRun,
  tell: (request: Request) => Promise<unknown>,
  agent: string,
  agentInputs: object[],
): Promise<void> {
  await pMap(
    agentInputs,
    async (input) => {
      const body = { creatorId, input, options: { feature: agent } };
      let job = (await tell({ method: "POST", path: `/api/ai/agents/${agent}/jobs`, body })) as Pick<
        Job,
        "id" | "status"
      >;
      while (!isTerminal(job.status)) {
        await sleep(pollMs, undefined, { signal });
        job = (await tell({ method: "GET", path: `/api/ai/jobs/${job.id}` })) as Job;
      }
      if (job.status === "failed")
        throw new Error(`A job of ${agent} failed: ${JSON.stringify((job as Job).error)}`);
    },
    { concurrency: atOnce, signal },
  );
}

function figuresOf(sums: CostSums): (string | number)[] {
  const { calls, inputTokens, cachedTokens, outputTokens, thoughtTokens, costUsd } = sums;
  return [calls, inputTokens, cachedTokens, outputTokens, thoughtTokens, costUsd];
}
