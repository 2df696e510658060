import { type CreatorProfile, type ModelRole, type ServiceTier, serviceTiers } from "@understudy/contracts";
import type { z } from "zod";

export type { ServiceTier };
export { serviceTiers };

/** One request to the model, as an agent words it. */
export interface GenerateRequest {
  /** Name of the step within the job: once finished, the step is remembered and never paid for again. */
  step: string;
  /** What the model is called for; its agent's role unless given. */
  role?: ModelRole;
  /** Instructions. Text from outside never stands here. */
  system: string;
  /** What to work on; text from outside stands in labelled parts (see fan-text.ts). */
  parts: string[];
  serviceTier?: Exclude<ServiceTier, "batch">;
  /** Most tokens of the answer, thoughts not counted. */
  maxOutputTokens: number;
  /** Most tokens of thoughts; as few as the model can do unless given. */
  thinkingBudget?: number;
  /** Field of the output, a text, that readers of the job's events are shown while it is generated. */
  streams?: string;
}

/**
 * A request that a job can't do without, as far as its cost goes: bounded, not worded, since it is asked for whenever
 * a job is accepted. `step` is its whole key within the job.
 */
export interface NecessaryCall extends Omit<GenerateRequest, "parts" | "streams"> {
  /** Most bytes that its parts add to the prompt, as fan-text.ts counts them. */
  partsBytesMax: number;
  output?: z.ZodObject;
  /** In place of the role's. */
  model?: string;
}

/** What an agent asks the others' knowledge for. */
export interface InsightQuery {
  /** Name of the step, which is remembered. */
  step: string;
  /** Words that the insights should be about. */
  about: string;
  /** All unless given. */
  types?: readonly string[];
  /** Also those that tell of this fan; of other fans none are found. */
  fanId?: string;
  /** At most so many, the best first. */
  limit: number;
}

/** An insight as an agent gets it. */
export interface FoundInsight {
  id: string;
  /** Id of the agent that learned it. */
  source: string;
  type: string;
  /** As it is now, decayed by its age. */
  confidence: number;
  text: string;
  data: Record<string, unknown>;
}

/** What an agent has learned. */
export interface NewInsight {
  /** Name of the step: however often the job runs, it is shared once. */
  step: string;
  type: string;
  /** 0 to 1. */
  confidence: number;
  /** In words, without anybody's name. */
  text: string;
  data?: Record<string, unknown>;
  /** `everyone`: all creators' agents may use it; refused where anything personal stands in it. */
  scope: "creator" | "everyone";
  /** Whom it tells of: found for this fan alone, and gone with them. */
  fanId?: string;
  expiresAt?: Date;
}

/** What was said between a creator and a fan before this job. */
export interface Conversation {
  /** Of what is too long ago to stand here in full. */
  summary?: string | undefined;
  /** The latest turns, the oldest first. */
  turns: { from: "fan" | "creator"; text: string }[];
}

/** What came of another agent that one can do without. */
export type Attempted<Output> = { kind: "done"; value: Output } | { kind: "failed"; reason: string };

/** A text as the model ended it. */
export interface GeneratedText {
  text: string;
  /** It stops where its tokens were used up. */
  truncated?: true;
}

/** Everything through which an agent acts on the world. */
export interface AgentTools {
  /** The model's answer as an object that fits `output`. */
  generate<Output extends z.ZodObject>(
    request: GenerateRequest & { output: Output },
  ): Promise<z.infer<Output>>;
  /** The model's answer as text. */
  generate(request: GenerateRequest): Promise<string>;
  /** The same, and whether it was cut off. */
  generateText(request: GenerateRequest): Promise<GeneratedText>;
  /**
   * Runs another agent inside this job: its steps under its own key, its cost under its own agent id.
   * @param step what distinguishes several of one agent; its name unless given
   */
  delegate<Input extends z.ZodObject, Output extends z.ZodObject>(
    agent: Agent<Input, Output>,
    input: z.input<Input>,
    step?: string,
  ): Promise<z.infer<Output>>;
  /** The same of an agent that one can do without: where it fails, or has no room, the job goes on. */
  tryDelegate<Input extends z.ZodObject, Output extends z.ZodObject>(
    agent: Agent<Input, Output>,
    input: z.input<Input>,
    step?: string,
  ): Promise<Attempted<z.infer<Output>>>;
  /** How the job's creator sounds; empty where nobody has said. */
  profile: CreatorProfile;
  /** What Understudy has seen of the conversation with a fan of the job's creator, within its budget. */
  recall(fanId: string): Promise<Conversation>;
  /** What is known that fits, the best first: of this creator, and of all. */
  findInsights(query: InsightQuery): Promise<FoundInsight[]>;
  /** Shares what was learned with other agents. @returns its id */
  shareInsight(insight: NewInsight): Promise<string>;
  /** Aborts when the job is cancelled, its time is over, or the worker stops. */
  signal: AbortSignal;
  /** For operators: names and figures only, never what a fan wrote. */
  log(message: string, fields?: Record<string, string | number | boolean>): void;
}

/** A declared AI capability. Its route, queue, worker and Bull Board entry follow from this. */
export interface Agent<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  /** In routes and queue names: lower case, unique. */
  name: string;
  /** On cost records: who made a call. */
  agentId: string;
  title: string;
  summary: string;
  /** `POST /api/ai/{route}` beside `POST /api/ai/agents/{name}/jobs`. */
  route?: string;
  /** What its jobs are for unless the app says otherwise. */
  feature: string;
  input: Input;
  output: Output;
  /** A request and what may come of it: shown in the API reference. */
  example?: { input: z.input<Input>; output: z.output<Output> };
  /**
   * What its calls are for: operators say which models answer for a role, and of those the first that can be called
   * does. Each call is held at the dearest of them and paid at the price of the one that answered.
   */
  role: ModelRole;
  /** A model in place of the role's, where the input names one. */
  model?(input: z.infer<Input>): string | undefined;
  /** Calls that a job usually makes: what it counts of its creator's share of the workers. */
  expectedCalls: number;
  queue: {
    /** Longest that one attempt may take. */
    timeoutSeconds: number;
    /** Attempts before a retryable fault becomes a failure. */
    attempts: number;
  };
  /**
   * The requests that it makes whatever the answers are, each as long as it can be. A job begins only when the
   * quota has room for the worst case of all of them, so that none is paid for in vain.
   */
  necessaryCalls(input: z.infer<Input>): NecessaryCall[];
  run(input: z.infer<Input>, tools: AgentTools): Promise<z.infer<Output>>;
}

/** Declares an agent. Throws at once where the declaration can't work. */
export function defineAgent<Input extends z.ZodObject, Output extends z.ZodObject>(
  agent: Agent<Input, Output>,
): Agent<Input, Output> {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(agent.name)) throw new Error(`Not an agent's name: ${agent.name}`);
  return agent;
}

/** The necessary calls of an agent, each under its agent's role. */
export function necessaryCallsOf(
  agent: Agent,
  input: Record<string, unknown>,
): (NecessaryCall & { role: ModelRole })[] {
  const model = agent.model?.(input);
  const { role } = agent;
  return agent
    .necessaryCalls(input)
    .map((call) => ({ role, ...(model !== undefined && { model }), ...call }));
}

/** The necessary calls of an agent to which another delegates: under the step that `delegate` takes. */
export function delegatedCalls<Input extends z.ZodObject, Output extends z.ZodObject>(
  agent: Agent<Input, Output>,
  input: z.infer<Input>,
  step = agent.name,
): NecessaryCall[] {
  return necessaryCallsOf(agent as unknown as Agent, input).map((call) => ({
    ...call,
    step: `${step}/${call.step}`,
  }));
}
