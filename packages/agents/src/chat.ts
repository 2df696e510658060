import { defineAgent, delegatedCalls } from "./define-agent.ts";
import { fanMessage, messaging, reply } from "./messaging.ts";

/** The coordinator: what the web app calls for a fan's message. */
export const chat = defineAgent({
  name: "chat",
  agentId: "chat_ai",
  title: "Chat",
  summary: "Answers a fan's message: hands it to the agents that it needs.",
  route: "chat",
  feature: "fan_message",
  input: fanMessage,
  output: reply,
  expectedCalls: 1,
  queue: { timeoutSeconds: 30, attempts: 5 },
  necessaryCalls: (input) => delegatedCalls(messaging, input),
  run: (input, tools) => tools.delegate(messaging, input),
});
