import { priorities } from "@understudy/contracts";
import type { ApiClient, Request } from "../client/api-client.ts";
import { problemOf } from "../client/api-client.ts";
import type { Outcome } from "./outcome.ts";
import type { Message } from "./read-messages.ts";

export type Submission = { jobId: string } | Extract<Outcome, { kind: "notAccepted" }>;

/**
 * Submits one message and tells its job.
 *
 * The key makes a repeat give the same job. Where the API doesn't honour keys, one window stays open: an
 * answer lost after the API has committed (connection cut, API killed) is sent again and doubles the job.
 * The double is no part of this run: its calls would show in the reconciliation as calls of another.
 */
export async function submitMessage(
  api: ApiClient,
  message: Message,
  run: { id: string; agent: string },
  signal?: AbortSignal,
): Promise<Submission> {
  const answer = await api.requestPatiently(submissionOf(message, run), signal);
  if (!("status" in answer)) return { kind: "notAccepted", code: "no_answer", detail: answer.gaveUp };
  const jobId = answer.status === 202 || answer.status === 200 ? idOf(answer.body) : undefined;
  if (jobId !== undefined) return { jobId };
  const { code, detail } = problemOf(answer.body);
  return {
    kind: "notAccepted",
    code: code ?? `http_${answer.status}`,
    detail: detail ?? `the API answered ${answer.status}`,
  };
}

export function submissionOf(message: Message, run: { id: string; agent: string }): Request {
  const { creatorId } = message;
  const options = { priority: priorities.bulk, metadata: { replayRun: run.id, line: String(message.line) } };
  const headers = { "idempotency-key": `${run.id}-${message.line}` };
  if (run.agent === "chat") {
    const body = { creatorId, fanId: message.fanId, message: message.text, options };
    return { method: "POST", path: "/api/ai/chat", body, headers };
  }
  const body = { creatorId, input: inputFor(run.agent, message), options };
  return { method: "POST", path: `/api/ai/agents/${encodeURIComponent(run.agent)}/jobs`, body, headers };
}

/** The message in the words of the agent's input (api.md, "Jobs"); agents not listed are asked as `messaging`. */
function inputFor(agent: string, message: Message): Record<string, unknown> {
  switch (agent) {
    case "compliance":
      return { content: message.text };
    case "sales":
      return { fanId: message.fanId, context: { currentMessage: message.text } };
    case "test":
      return { prompt: message.text };
    default:
      return { fanId: message.fanId, message: message.text };
  }
}

function idOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { id } = body as Record<string, unknown>;
  return typeof id === "string" ? id : undefined;
}
