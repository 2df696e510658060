import type { WebhookEvent } from "../api/webhook.ts";
import { readDelivery, type WebhookRequest } from "./read-delivery.ts";
import { WebhookVerificationError } from "./verification-error.ts";

export interface VerifyOptions {
  /** The endpoint's secret (`whsec_…`), or several: one that verifies is enough. */
  secret: string | readonly string[];
  /** How far the sender's clock and yours may differ; 300 (5 minutes) unless given. */
  toleranceSeconds?: number | undefined;
}

/**
 * An event that was really sent, to you, now. `id` is the same in every try and replay of it: take each once. Types of
 * later versions are possible: answer those that you do not know with 2xx as well.
 */
export type VerifiedEvent = { id: string } & WebhookEvent;

/**
 * Verifies a webhook by the scheme of Standard Webhooks, and gives its event. Takes the request before anything has
 * parsed its body: what is signed is the body byte by byte.
 * @throws WebhookVerificationError whose `code` names the cause; answer with 400
 */
export async function verifyWebhook(
  request: WebhookRequest,
  { secret, toleranceSeconds = 300 }: VerifyOptions,
): Promise<VerifiedEvent> {
  // One that was never set comes here as undefined, whatever the types say.
  const secrets = Array.isArray(secret) && secret.length > 0 ? secret : [secret];
  const keys = await Promise.all(secrets.map(importKey));
  const { id, timestamp, signatures, body } = await readDelivery(request);
  if (!(await isSigned(`${id}.${timestamp}.`, body, signatures, keys))) {
    throw new WebhookVerificationError(
      "wrong_secret",
      "No signature is by this secret: it is another endpoint's or was rotated, or the body is not as it was sent.",
    );
  }
  // Only what is signed is believed, so this comes after.
  refuseAge(Number(timestamp), toleranceSeconds);
  return { id, ...parsed(body) };
}

/** Web Crypto's CryptoKey, which not all type libraries name. */
type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

async function importKey(secret: unknown): Promise<Key> {
  if (typeof secret !== "string" || secret === "") {
    throw new WebhookVerificationError("invalid_secret", "No secret was given: it begins with whsec_.");
  }
  const bytes = fromBase64(secret.replace(/^whsec_/, ""));
  if (!bytes) {
    throw new WebhookVerificationError(
      "invalid_secret",
      "The secret is not one: it is whsec_ and base64, as the API showed it when the endpoint was made.",
    );
  }
  return await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

/** Web Crypto compares in constant time. */
async function isSigned(
  head: string,
  body: Uint8Array,
  signatures: readonly string[],
  keys: readonly Key[],
): Promise<boolean> {
  const begin = new TextEncoder().encode(head);
  const content = new Uint8Array(begin.length + body.length);
  content.set(begin);
  content.set(body, begin.length);
  for (const signature of signatures.map(fromBase64).filter((bytes) => bytes !== undefined)) {
    for (const key of keys) {
      if (await crypto.subtle.verify("HMAC", key, signature, content)) return true;
    }
  }
  return false;
}

function refuseAge(timestamp: number, toleranceSeconds: number): void {
  const ageSeconds = Math.round(Date.now() / 1_000 - timestamp);
  if (ageSeconds > toleranceSeconds) {
    throw new WebhookVerificationError(
      "too_old",
      `It was signed ${ageSeconds} s ago, more than ${toleranceSeconds} s: a copy of an old request, or your clock is fast.`,
    );
  }
  if (-ageSeconds > toleranceSeconds) {
    throw new WebhookVerificationError(
      "too_new",
      `It was signed ${-ageSeconds} s in the future, more than ${toleranceSeconds} s: your clock is slow.`,
    );
  }
}

function parsed(body: Uint8Array): WebhookEvent {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as WebhookEvent;
  } catch {
    throw new WebhookVerificationError("not_an_event", "It is signed, but its body is not JSON.");
  }
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
