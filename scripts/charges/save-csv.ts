import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { request } from "undici";
import { type Answer, problemOf, refuseBadKey } from "../client/api-client.ts";
import { CommandError, reasonOf } from "../client/command-error.ts";
import type { Instance } from "../client/find-instance.ts";

/**
 * Writes what a path answers as CSV to a file, which appears only when it is whole.
 * @throws CommandError that says in one line what went wrong
 */
export async function saveCsv({ url, key }: Instance, path: string, file: string): Promise<void> {
  const headers = { accept: "text/csv", authorization: `Bearer ${key}` };
  const answer = await request(url + path, { headers }).catch((thrown: unknown) => {
    throw new CommandError(`${url} doesn't answer (${reasonOf(thrown)}): is \`npm start\` running?`, 1);
  });
  if (answer.statusCode !== 200) throw await refusal(url, answer.statusCode, await answer.body.text());
  const part = `${file}.part`;
  try {
    await pipeline(answer.body, createWriteStream(part));
    await rename(part, file);
  } catch (thrown) {
    await rm(part, { force: true });
    throw new CommandError(`${file} could not be written: ${reasonOf(thrown)}`, 1);
  }
}

async function refusal(url: string, status: number, text: string): Promise<CommandError> {
  const answer: Answer = { status, body: parsed(text) };
  refuseBadKey(answer);
  const { code, detail } = problemOf(answer.body);
  if (code === undefined)
    return new CommandError(`${url} doesn't answer as an Understudy: HTTP ${status}`, 1);
  return new CommandError(`${detail ?? "Refused."} (${status} ${code})`, 1);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
