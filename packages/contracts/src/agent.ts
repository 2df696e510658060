import { z } from "zod";

/** An agent as it declares itself: an item of `GET /api/ai/agents`. */
export const agentDescription = z.object({
  /** In routes. */
  name: z.string(),
  /** On its calls. */
  agentId: z.string(),
  title: z.string(),
  summary: z.string(),
  /** What its jobs are for unless the app says otherwise. */
  feature: z.string(),
  /** Where its jobs are enqueued. */
  path: z.string(),
  /** JSON schema of what it takes. */
  input: z.record(z.string(), z.unknown()),
  /** JSON schema of what it gives. */
  output: z.record(z.string(), z.unknown()),
});

export type AgentDescription = z.infer<typeof agentDescription>;
