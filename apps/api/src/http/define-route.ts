import type { ProblemCode, Scope } from "@understudy/contracts";
import type { Request, Response } from "express";
import type { z } from "zod";
import type { Tag } from "../openapi/tags.ts";
import type { Caller } from "./caller.ts";
import type { ProblemError } from "./problem-error.ts";

/** What a route may answer, beside problems: JSON of a schema, another kind of text, or nothing. */
export interface AnswerDeclaration {
  description: string;
  schema?: z.ZodType;
  /** Where the schema has none of its own (`openapi/components.ts`). */
  example?: unknown;
  /** Other kinds of text by their media type, with an example; the handler sends them itself. */
  text?: Record<string, string>;
  /** What each header says. */
  headers?: Record<string, string>;
}

type Answers = Record<number, AnswerDeclaration>;
type Parameters = Record<string, z.ZodType>;
type None = Record<never, never>;

/** Says that the handler has sent its answer itself: as events, or as CSV. */
export const sent = Symbol("sent");

/** An answer as the handler words it. */
export interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Words one of the declared answers. @param body fits the schema that is declared for the status */
type ReplyOf<Declared extends Answers> = <Status extends keyof Declared & number>(
  status: Status,
  ...rest: Declared[Status] extends { schema: infer Schema extends z.ZodType }
    ? [body: z.input<Schema>, headers?: Record<string, string>]
    : [body?: undefined, headers?: Record<string, string>]
) => Reply;

/** What a handler gets: what came, parsed by the declared schemas. */
export interface RouteContext<
  Declared extends Answers,
  Params extends Parameters = None,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
> {
  params: { [Name in keyof Params]: z.output<Params[Name]> };
  query: z.output<Query>;
  body: z.output<Body>;
  /** Of a public route `nobody`. */
  caller: Caller;
  requestId: string;
  reply: ReplyOf<Declared>;
  request: Request;
  response: Response;
}

/** One route: all that its handler, its checks and its place in the OpenAPI document follow from. */
interface RouteDeclaration<
  Params extends Parameters,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Declared extends Answers,
> {
  method: "get" | "post" | "put" | "patch" | "delete";
  /** The whole path as OpenAPI writes it: `/api/ai/jobs/{id}`. */
  path: string;
  /** OpenAPI's operationId, unique: a verb and what it is about. */
  id: string;
  /** The section that it stands in. */
  tag: Tag;
  /** What the caller's key must be allowed to do; public: no key is asked for. */
  scope: Scope | "public";
  /** Another that lets it through as well; what of the body needs which, the handler checks. */
  orScope?: Scope;
  /** A few words, in the imperative. */
  summary: string;
  /** What to know beside the summary, in Markdown. */
  description?: string;
  /** One schema for each parameter of the path. */
  params?: Params;
  /** Parameters that name nothing when they are malformed: what is thrown then, instead of a 400 problem. */
  absent?: { [Name in keyof Params]?: (text: string) => ProblemError };
  query?: Query;
  /** Its JSON body. */
  body?: Body;
  /** Leaves no entry in the audit log: it creates jobs, whose rows are their own record, or changes nothing. */
  unaudited?: true;
  /** What the body should be, where the schema lets through what is refused later, one by one. */
  documentedBody?: z.ZodType;
  /** Field of the body whose entries are judged one by one, by the handler (`parseEntry`). */
  entries?: string;
  /** Bytes of the largest body, where that isn't the usual 1 MiB. */
  bodyMax?: number;
  /** Request headers that it heeds, beside those of every route, and what each says. */
  headers?: Record<string, string>;
  /** A request that can be made like this, where the examples of its schemas (`openapi/components.ts`) don't say it. */
  example?: {
    params?: { [Name in keyof Params]?: string };
    query?: NoInfer<z.input<Query>>;
    body?: NoInfer<z.input<Body>>;
  };
  answers: Declared;
  /** Codes of its own by status; not those that every route of its kind may answer. */
  problems?: Partial<Record<number, ProblemCode[]>>;
  /** @returns what `reply` gives, or `sent`. @throws ProblemError */
  handle(
    context: RouteContext<Declared, Params, Query, Body>,
  ): Reply | typeof sent | Promise<Reply | typeof sent>;
}

/** A route whose types are checked. */
export type Route = RouteDeclaration<Parameters, z.ZodType, z.ZodType, Answers>;

/** Declares a route. Throws at once where its path and its parameters differ. */
export function defineRoute<
  Declared extends Answers,
  Params extends Parameters = None,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(declaration: RouteDeclaration<Params, Query, Body, Declared>): Route {
  const { method, path, params = {} } = declaration;
  const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  if (named.sort().join() !== Object.keys(params).sort().join()) {
    throw new Error(`${method} ${path} declares other parameters than its path has.`);
  }
  return declaration as unknown as Route;
}
