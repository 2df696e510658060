export {
  type Agent,
  type AgentTools,
  defineAgent,
  type GenerateRequest,
  type NecessaryCall,
  necessaryCallsOf,
  type ServiceTier,
} from "./define-agent.ts";
export { agentNames, agents, findAgent } from "./registry.ts";
