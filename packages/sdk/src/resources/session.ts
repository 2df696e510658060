import type { Transport } from "../http/transport.ts";

/** Of a person who signed in. Its cookie is the browser's to keep; no script can read it. */
export interface SessionState {
  csrfToken: string;
  /** ISO 8601. */
  expiresAt: string;
}

/**
 * A signed-in person in a browser, in place of an API key: a client with `credentials: "same-origin"` sends the session's
 * cookie, and with every request that changes something the session's CSRF token.
 */
export class Session {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @param key the admin key. It is kept nowhere. */
  async signIn(key: string): Promise<SessionState> {
    return this.#keep(
      await this.#transport.json<SessionState>("POST", path, { body: { key }, repeatable: true }),
    );
  }

  /** The session of this browser, after a reload. @throws AuthenticationError where nobody is signed in */
  async get(): Promise<SessionState> {
    return this.#keep(await this.#transport.json<SessionState>("GET", path));
  }

  async signOut(): Promise<void> {
    await this.#transport.send("DELETE", path);
    this.#transport.csrfToken = undefined;
  }

  #keep(state: SessionState): SessionState {
    this.#transport.csrfToken = state.csrfToken;
    return state;
  }
}

const path = "/api/ai/session";
