import { type Database, newId, type Prisma } from "@understudy/database";
import type { Logger } from "@understudy/service";
import { actorOf, type Caller } from "../http/caller.ts";
import type { Reply, Route, sent } from "../http/define-route.ts";
import { presentProblem } from "../http/problem-responses.ts";
import { auditedChanges } from "./audited-changes.ts";

type Answer = Reply | typeof sent;

/** What is about to be done. */
export interface AuditedAction {
  caller: Caller;
  /** The route's operationId. */
  operation: string;
  target: string | null;
  requestId: string;
  changes: Record<string, unknown>;
}

/**
 * Who changed what, and when. The entry is committed before the change begins, so that no crash leaves a change without
 * one, and is given its outcome after it; one whose process died in between has none.
 */
export class AuditLog {
  readonly #database: Database;
  readonly #logger: Logger;

  constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
  }

  /** Answers a request by its route, and keeps record of it. */
  async around(route: Route, context: Parameters<Route["handle"]>[0]): Promise<Answer> {
    const { caller, requestId, params } = context;
    const action = {
      caller,
      operation: route.id,
      target: targetOf(params),
      requestId,
      changes: auditedChanges(context.query, context.body),
    };
    return await this.record(action, async () => route.handle(context));
  }

  /** Does something, and keeps record of it. @throws what `change` throws, or that no record can be kept: then nothing is done */
  async record<Result>(action: AuditedAction, change: () => Promise<Result>): Promise<Result> {
    const end = await this.begin(action);
    try {
      const result = await change();
      await end("ok", action.target ?? createdId(result));
      return result;
    } catch (error) {
      await end(presentProblem(error, action.requestId).problem.code);
      throw error;
    }
  }

  /** Keeps record of what was refused to whom it was not known that they may. @throws the error, in any case */
  async refuse(action: AuditedAction, error: unknown): Promise<never> {
    const { status, code } = presentProblem(error, action.requestId).problem;
    if (status < 500) await (await this.begin(action))(code);
    throw error;
  }

  /** Writes down what is about to be done. @returns what notes its outcome. @throws where no record can be kept */
  async begin({
    caller,
    ...action
  }: AuditedAction): Promise<(outcome: string, target?: string | null) => Promise<void>> {
    const id = newId("aud");
    const changes = action.changes as Prisma.InputJsonObject;
    const data = { ...action, actor: actorOf(caller), id, changes };
    await this.#database.prisma.auditEntry.create({ data });
    return (outcome, target = action.target) => this.#end(id, outcome, target);
  }

  /** What was done is done: that its outcome can't be written must not make it look refused. */
  async #end(id: string, outcome: string, target: string | null): Promise<void> {
    await this.#database.prisma.auditEntry
      .update({ where: { id }, data: { outcome, target } })
      .catch((err: unknown) =>
        this.#logger.error({ err, auditId: id, outcome }, "the audit log lacks an outcome"),
      );
  }
}

/** What a path names; of fans, who may be erased, nothing. */
function targetOf(params: Record<string, unknown>): string | null {
  const named = Object.entries(params).filter(([name]) => name !== "fanId");
  return named.length > 0 ? named.map(([, value]) => String(value)).join("/") : null;
}

function createdId(result: unknown): string | null {
  const body = typeof result === "object" && result !== null && "body" in result ? result.body : undefined;
  return typeof body === "object" && body !== null && "id" in body ? String(body.id) : null;
}
