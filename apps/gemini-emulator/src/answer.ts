import { replyToFan } from "./fan-reply.ts";
import { createFieldWriter } from "./field-content.ts";
import { fillSchema } from "./fill-schema.ts";
import { pick } from "./hash.ts";
import { detectLanguage } from "./language.ts";
import { readableText } from "./message-text.ts";
import type { GenerateRequest, GenerationConfig } from "./protocol.ts";
import { readSubject, type Subject } from "./subject.ts";

/**
 * What the model says: JSON if the request wants JSON, else text. The same request always gets the same
 * answer; nothing here knows the time or draws lots.
 */
export function composeAnswer(request: GenerateRequest): string {
  const subject = readSubject(request);
  const { mimeType, schema } = wantedFormat(request.generationConfig);
  if (mimeType === "text/x.enum" && schema !== undefined) {
    return String(fillSchema(schema, createFieldWriter(subject)));
  }
  if (schema !== undefined) return JSON.stringify(fillSchema(schema, createFieldWriter(subject)));
  const text = plainAnswer(subject);
  return mimeType === "application/json" ? JSON.stringify({ response: text }) : text;
}

/** A text without a schema: a reply to a fan's words, or an answer to an ordinary prompt. */
export function plainAnswer(subject: Subject): string {
  if (subject.fromFan) return replyToFan(subject.message, { instructions: subject.instructions });
  return answerPrompt(readableText(subject.message));
}

const GREETINGS: Readonly<Record<string, string>> = {
  en: "Hello! What can I do for you?",
  es: "¡Hola! ¿En qué puedo ayudarte?",
  pt: "Olá! Em que posso ajudar?",
  fr: "Bonjour ! Que puis-je faire pour vous ?",
  de: "Hallo! Was kann ich für dich tun?",
  it: "Ciao! Come posso aiutarti?",
  ru: "Привет! Чем могу помочь?",
  tr: "Merhaba! Nasıl yardımcı olabilirim?",
  id: "Halo! Ada yang bisa saya bantu?",
};

/** An emulator knows nothing of the world; it says so rather than make something up. */
function answerPrompt(prompt: string): string {
  const language = detectLanguage(prompt);
  if (
    /\b(?:say|write|give)\b.{0,20}\b(?:hello|hi|greeting)\b|^(?:hello|hi|hey|hola|bonjour|hallo|olá|ciao|привет|merhaba|halo)\b.{0,20}$/i.test(
      prompt,
    )
  ) {
    return GREETINGS[language] ?? "Hello! What can I do for you?";
  }
  const echo =
    /\b(?:say|repeat|reply with|answer with|respond with|output|write)\b(?: exactly| only| just)?(?: the words?)?:?\s+["'“]([^"'”]{1,200})["'”]/i.exec(
      prompt,
    )?.[1];
  if (echo) return echo;
  const sum = arithmetic(prompt);
  if (sum !== null) return sum;
  const topic = prompt.replace(/\s+/g, " ").slice(0, 80).trim();
  if (/[?？؟]\s*$/.test(prompt)) {
    return pick(
      [
        `I’m an emulated model, so I can’t look that up. A real model would take “${topic}” from here.`,
        `Good question, but I’m only the emulator: I don’t know facts. You asked: “${topic}”`,
        `That’s beyond an emulated model. With a Gemini key, “${topic}” would get a real answer.`,
      ],
      prompt,
      "question",
    );
  }
  return pick(
    [
      `Done, as far as an emulated model can: “${topic}”.`,
      `Understood: “${topic}”. This is the emulator’s answer; Gemini would write it out.`,
      `Here is the emulator’s take on “${topic}”: short, repeatable and made up.`,
    ],
    prompt,
    "order",
  );
}

function arithmetic(prompt: string): string | null {
  const [, left, operator, right] = /\b(\d{1,9})\s*([-+*x×/])\s*(\d{1,9})\b/.exec(prompt) ?? [];
  if (left === undefined || right === undefined || !/what|how much|calculate|compute|=/i.test(prompt))
    return null;
  const [a, b] = [Number(left), Number(right)];
  const results: Readonly<Record<string, number>> = {
    "+": a + b,
    "-": a - b,
    "*": a * b,
    x: a * b,
    "×": a * b,
    "/": a / b,
  };
  const result = results[operator ?? "+"];
  return result === undefined || !Number.isFinite(result) ? null : String(Number(result.toFixed(6)));
}

function wantedFormat(config: GenerationConfig): { mimeType: string | undefined; schema: unknown } {
  const formats = Array.isArray(config.responseFormat) ? config.responseFormat : [config.responseFormat];
  const text = formats.find((format) => format?.text)?.text;
  return {
    mimeType: config.responseMimeType ?? text?.mimeType,
    schema: config.responseJsonSchema ?? config.responseSchema ?? text?.schema,
  };
}
