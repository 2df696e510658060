import { UnderstudyError } from "../errors.ts";

/**
 * - `body_parsed`: something has parsed the body before, so that its bytes are gone
 * - `missing_headers`: it has not all three headers, so it is no webhook, or a proxy took them away
 * - `invalid_secret`: what was given as secret is none
 * - `wrong_secret`: no signature is by this secret, or the body was changed
 * - `too_old`, `too_new`: it is signed, but the clocks differ, or it is a copy of an old one
 * - `not_an_event`: it is signed, but no JSON
 */
export type WebhookVerificationCode =
  | "body_parsed"
  | "missing_headers"
  | "invalid_secret"
  | "wrong_secret"
  | "too_old"
  | "too_new"
  | "not_an_event";

/** Why a webhook is not believed. The message says what to do; `code` is what to branch on. */
export class WebhookVerificationError extends UnderstudyError {
  override readonly name = "WebhookVerificationError";
  declare readonly code: WebhookVerificationCode;

  constructor(code: WebhookVerificationCode, message: string) {
    super(message, { code });
  }
}
