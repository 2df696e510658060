import type { Content, GenerateRequest } from "./protocol.ts";

/** What a request is about, as far as an answer depends on it. */
export interface Subject {
  instructions: string;
  /** The text of the user's last turn, labels and all. */
  prompt: string;
  /** What is to be answered or judged: inside the label if there is one, else the whole prompt. */
  message: string;
  /** What a draft that is to be judged answers. */
  answered?: string;
  /** Someone's words, to be answered in a creator's voice; not an order to the model. */
  fromFan: boolean;
}

/** Labels that hold a fan's words, the surest first; then those that hold other material. */
const FAN_LABELS = ["fan_message", "current_message", "message"];
const OTHER_LABELS = ["draft", "draft_reply", "reply", "content", "text", "input"];
/** Longer texts are read up to here: what comes after changes no answer, and patterns stay quick. */
const MESSAGE_MAX = 4_000;

export function readSubject(request: GenerateRequest): Subject {
  const instructions = textOf(request.systemInstruction);
  const users = request.contents.filter(({ role }) => role === undefined || role === "user");
  const prompt = textOf(users.at(-1) ?? request.contents.at(-1)).slice(0, 200_000);
  const fan = findLabelled(prompt, FAN_LABELS) ?? findInJson(prompt);
  const answered = findLabelled(prompt, ["answered_message"]);
  const message = fan ?? findLabelled(prompt, OTHER_LABELS) ?? prompt;
  return {
    instructions: instructions.slice(0, 50_000),
    prompt,
    message: message.trim().slice(0, MESSAGE_MAX),
    ...(answered !== undefined && { answered: answered.trim().slice(0, MESSAGE_MAX) }),
    fromFan: fan !== undefined,
  };
}

/** The last such label counts: what a fan writes cannot close it, but examples may stand before it. */
function findLabelled(prompt: string, labels: readonly string[]): string | undefined {
  for (const label of labels) {
    const end = prompt.lastIndexOf(`</${label}>`);
    if (end < 0) continue;
    const start = prompt.lastIndexOf(`<${label}`, end);
    const open = start < 0 ? -1 : prompt.indexOf(">", start);
    if (open >= 0 && open < end) return unescapeLabel(prompt.slice(open + 1, end));
  }
  return undefined;
}

/** A prompt that is JSON, or holds it, with a fan's words under a telling name. */
function findInJson(prompt: string): string | undefined {
  const value = /"(?:fanMessage|fan_message|currentMessage|message)"\s*:\s*("(?:[^"\\]|\\.){0,8000}")/.exec(
    prompt,
  )?.[1];
  if (value === undefined) return undefined;
  try {
    return String(JSON.parse(value));
  } catch {
    return undefined;
  }
}

function unescapeLabel(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function textOf(content: Content | undefined): string {
  return (content?.parts ?? []).map(({ text }) => text ?? "").join("\n");
}
