import { type Answer, type ApiClient, problemOf, type Request, refuseBadKey } from "./api-client.ts";
import { CommandError, reasonOf } from "./command-error.ts";

/**
 * One request, one try, for a command that a person waits for.
 * @param url where the client sends, for the message
 * @returns an answer of 2xx
 * @throws CommandError that says in one line why there is none, the problem's `detail` and faults included
 */
export async function ask(api: ApiClient, url: string, request: Request): Promise<Answer> {
  const answer = await api.request(request).catch((thrown: unknown) => {
    throw new CommandError(`${url} doesn't answer (${reasonOf(thrown)}): is \`npm start\` running?`, 1);
  });
  refuseBadKey(answer);
  if (answer.status >= 200 && answer.status < 300) return answer;
  const { code, detail } = problemOf(answer.body);
  if (code === undefined) {
    throw new CommandError(`${url} doesn't answer as an Understudy: HTTP ${answer.status}`, 1);
  }
  throw new CommandError(`${detail ?? "Refused."} (${answer.status} ${code})`, 1);
}
