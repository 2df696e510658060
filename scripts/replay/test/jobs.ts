import type { Job } from "@understudy/contracts";
import type { Message } from "../read-messages.ts";

export function jobWith(over: Partial<Job> = {}): Job {
  return {
    id: "job_1",
    agent: "chat",
    creatorId: "psy",
    status: "completed",
    result: { response: "Hi", confidence: 0.9, compliance: { allowed: true } },
    usage: {
      inputTokens: 10,
      cachedTokens: 4,
      outputTokens: 3,
      thoughtTokens: 2,
      costUsd: "0.00155",
      calls: 1,
      byAgent: [{ agentId: "messaging_ai", calls: 1, costUsd: "0.00155" }],
    },
    agentsInvolved: ["messaging_ai"],
    model: "gemini-2.5-flash",
    provider: "emulator",
    attempts: 1,
    feature: "fan_message",
    createdAt: "2026-11-22T12:00:00.000Z",
    startedAt: "2026-11-22T12:00:00.100Z",
    finishedAt: "2026-11-22T12:00:00.250Z",
    ...over,
  };
}

export function messageAt(position: number, over: Partial<Message> = {}): Message {
  return {
    position,
    line: position + 2,
    creatorId: "psy",
    fanId: "fan",
    sentAt: "",
    text: `text ${position}`,
    ...over,
  };
}
