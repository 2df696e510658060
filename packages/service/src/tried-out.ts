import { isLoopbackHost } from "./loopback.ts";

/** What decides whether webhooks may go to private addresses. */
interface Deployment {
  HOST: string;
  GEMINI_BASE_URL?: string | undefined;
}

/** Whether Gemini itself answers there: its own address, where none is given. */
export function isGooglesOwn(baseUrl: string | undefined): boolean {
  if (baseUrl === undefined || baseUrl === "") return true;
  return URL.canParse(baseUrl) && /(^|\.)googleapis\.com$/i.test(new URL(baseUrl).hostname);
}

/** Who answers at an address, as far as that tells: our emulator runs on this machine, or is called so in a network. */
export function providerExpectedAt(baseUrl: string | undefined): "gemini" | "emulator" | "other" {
  if (baseUrl === undefined || isGooglesOwn(baseUrl)) return "gemini";
  const { hostname } = new URL(baseUrl);
  return isLoopbackHost(hostname) || hostname.includes("emulator") ? "emulator" : "other";
}

/**
 * Whether `WEBHOOK_ALLOW_PRIVATE` may be set: where nobody but this machine reaches the API, and what answers is the emulator.
 * Elsewhere whoever may make endpoints could have us ask what only we can reach.
 */
export function mayAllowPrivateWebhooks({ HOST, GEMINI_BASE_URL }: Deployment): boolean {
  return isLoopbackHost(HOST) && !isGooglesOwn(GEMINI_BASE_URL);
}

/** Why it may not. */
export const privateWebhooksFault =
  "is for trying out: HOST must be this machine alone (127.0.0.1) and GEMINI_BASE_URL the emulator's";
