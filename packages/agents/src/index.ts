export { withinBytes } from "./budget.ts";
export {
  type Agent,
  type AgentTools,
  type Conversation,
  defineAgent,
  type FoundInsight,
  type GeneratedText,
  type GenerateRequest,
  type InsightQuery,
  type NecessaryCall,
  type NewInsight,
  necessaryCallsOf,
  type ServiceTier,
} from "./define-agent.ts";
export { labelled } from "./fan-text.ts";
export { agentNames, agents, findAgent } from "./registry.ts";
