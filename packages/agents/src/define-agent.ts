import {
  type CreatorProfile,
  type ModelRole,
  type Part,
  type ServiceTier,
  type Step,
  serviceTiers,
  spare,
} from "@understudy/contracts";
import type { z } from "zod";

export type { Part, ServiceTier, Step };
export { serviceTiers, spare };

/** The steps in which an agent asks the model, by their names. */
export type Steps = Readonly<Record<string, Step>>;

/** What a step is answered: an object of its form, or a text. */
export type AnswerOf<Declared extends Step> = Declared extends { output: infer Output extends z.ZodObject }
  ? z.infer<Output>
  : string;

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

/** Another agent, as far as it is delegated to. */
type Delegate<Input extends z.ZodObject, Output extends z.ZodObject> = Pick<
  Agent<Input, Output>,
  "name" | "agentId" | "input" | "output"
>;

/** Everything through which an agent acts on the world. */
export interface AgentTools<Declared extends Steps = Steps> {
  /**
   * The model's answer to a declared step, in its form. Once finished, the step is remembered and never paid for again.
   * @param parts what to work on; text from outside stands in labelled parts (see fan-text.ts)
   */
  generate<Name extends keyof Declared & string>(
    step: Name,
    parts: readonly Part[],
  ): Promise<AnswerOf<Declared[Name]>>;
  /** The same of a step without a form, and whether it was cut off. */
  generateText(step: keyof Declared & string, parts: readonly Part[]): Promise<GeneratedText>;
  /**
   * Runs another agent inside this job: its steps under its own key, its cost under its own agent id.
   * @param step what distinguishes several of one agent; its name unless given
   */
  delegate<Input extends z.ZodObject, Output extends z.ZodObject>(
    agent: Delegate<Input, Output>,
    input: z.input<Input>,
    step?: string,
  ): Promise<z.infer<Output>>;
  /** The same of an agent that one can do without: where it fails, or has no room, the job goes on. */
  tryDelegate<Input extends z.ZodObject, Output extends z.ZodObject>(
    agent: Delegate<Input, Output>,
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

/** What an agent always begins with, by fields of its input: it comes with the job, and asking for it by `tools` asks nobody. */
interface FirstReads<Field extends string = string> {
  /** The field in place of which the conversation with the fan is recalled. */
  recallsUnless: Field;
  /** Insights of all types, also of the fan: about what a field says, at most so many. */
  insights: { about: Field; limit: number };
}

/** A declared AI capability. Its route, queue, worker and Bull Board entry follow from this. */
export interface Agent<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject = z.ZodObject,
  Declared extends Steps = Steps,
> {
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
    /** Of a single request whose app does not say; 1 goes first in its creator's lane. */
    priority?: number;
  };
  /**
   * The steps in which it asks the model, each bounded by what came.
   * @param profile of the job's creator; undefined where it is not looked up
   */
  steps(input: z.infer<Input>, profile?: CreatorProfile): Declared;
  firstReads?: FirstReads<keyof z.infer<Input> & string>;
  /**
   * The steps that it takes whatever the answers are, its own by name; all of its own unless given. A job begins only when
   * the quota has room for the worst case of all of them, so that none is paid for in vain.
   */
  necessary?(input: z.infer<Input>): readonly ((keyof Declared & string) | Delegation)[];
  run(input: z.infer<Input>, tools: AgentTools<Declared>): Promise<z.infer<Output>>;
}

/** The necessary steps of an agent to which another delegates, under the step that `delegate` takes. */
interface Delegation {
  agent: Agent;
  input: Record<string, unknown>;
  step: string;
}

/** The necessary steps of another agent, among one's own. @param step as `delegate` takes it */
export function delegated<Input extends z.ZodObject, Output extends z.ZodObject, Declared extends Steps>(
  agent: Agent<Input, Output, Declared>,
  input: z.infer<Input>,
  step = agent.name,
): Delegation {
  return { agent: agent as unknown as Agent, input, step };
}

/** Declares an agent. Throws at once where the declaration can't work. */
export function defineAgent<Input extends z.ZodObject, Output extends z.ZodObject, Declared extends Steps>(
  agent: Agent<Input, Output, Declared>,
): Agent<Input, Output, Declared> {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(agent.name)) throw new Error(`Not an agent's name: ${agent.name}`);
  return agent;
}

/** A step whose agent is known: what it is for, and the model that the input names. */
export type StepOfAgent = Step & { role: ModelRole };

/** A step as an agent takes it: for its role, and with the model that its input names, unless it has its own. */
export function stepOf(agent: Agent, input: Record<string, unknown>, step: Step): StepOfAgent {
  const model = agent.model?.(input);
  return { role: agent.role, ...(model !== undefined && { model }), ...step };
}

/** The necessary steps of an agent, and of those to which it delegates, by their whole keys within the job. */
export function necessarySteps(
  agent: Agent,
  input: Record<string, unknown>,
  profile?: CreatorProfile,
): Map<string, StepOfAgent> {
  const steps = agent.steps(input, profile);
  const necessary = agent.necessary?.(input) ?? Object.keys(steps);
  return new Map(
    necessary.flatMap((named): [string, StepOfAgent][] => {
      if (typeof named !== "string")
        return [...necessarySteps(named.agent, named.input, profile)].map(([key, step]) => [
          `${named.step}/${key}`,
          step,
        ]);
      const step = steps[named];
      if (!step) throw new Error(`Agent ${agent.name} declares no step "${named}".`);
      return [[named, stepOf(agent, input, step)]];
    }),
  );
}
