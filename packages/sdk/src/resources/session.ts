import type { Transport } from "../http/transport.ts";

/** Of a person who signed in. Its cookie is the browser's to keep; no script can read it. */
export interface SessionState {
  csrfToken: string;
  /** ISO 8601. */
  expiresAt: string;
}

/** A session as it is listed: whose it is, and from where. Times are ISO 8601. */
export interface ListedSession {
  id: string;
  /** `person` for who has signed in with the admin key, else the id of a key. */
  actor: string;
  address: string;
  userAgent: string;
  createdAt: string;
  /** To the minute. */
  lastSeenAt: string;
  expiresAt: string;
  /** Whether it is the one that asks. */
  isCurrent: boolean;
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

  /** All that have not ended, the newest first. */
  async list(): Promise<ListedSession[]> {
    return (await this.#transport.json<{ items: ListedSession[] }>("GET", allPath)).items;
  }

  /** Ends one, everywhere and at once. @throws NotFoundError where it has ended */
  async end(id: string): Promise<void> {
    await this.#transport.send("DELETE", `${allPath}/${encodeURIComponent(id)}`);
  }

  /** Ends all, also that of this browser. @returns how many there were */
  async endAll(): Promise<number> {
    return (await this.#transport.json<{ ended: number }>("DELETE", allPath)).ended;
  }

  /** Ends that of this browser: a copy of its cookie is good for nothing. */
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
const allPath = "/api/ai/sessions";
