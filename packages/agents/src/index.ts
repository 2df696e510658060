export { withinBytes } from "./budget.ts";
export {
  type Agent,
  type AgentTools,
  type Conversation,
  defineAgent,
  type FoundInsight,
  type GeneratedText,
  type InsightQuery,
  type NewInsight,
  necessarySteps,
  type Part,
  type ServiceTier,
  type Step,
  type StepOfAgent,
  stepOf,
} from "./define-agent.ts";
export { labelled, type OutsidePart, partsBytesMaxOf } from "./fan-text.ts";
export { agentNames, agents, expectedCalls, findAgent } from "./registry.ts";
