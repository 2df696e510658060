import { z } from "zod";

/** Body of `POST /api/ai/session`. */
export const signInRequest = z.strictObject({
  /** The admin key, or a key with the scope `admin`. */
  key: z.string().min(1).max(500),
});

/** A person's session: the cookie beside it is what signs them in. */
export const session = z.object({
  /** To be sent as `x-csrf-token` with what changes anything. */
  csrfToken: z.string(),
  /** It ends then, or sooner where nothing comes for an hour. */
  expiresAt: z.iso.datetime(),
});

export type Session = z.infer<typeof session>;

/** A session as it is listed: whose it is, and from where. */
export const listedSession = z.object({
  id: z.string(),
  /** `person` for who has signed in with the admin key, else the id of a key. */
  actor: z.string(),
  /** Address and browser that signed in, as they were told. */
  address: z.string(),
  userAgent: z.string(),
  createdAt: z.iso.datetime(),
  /** When a request of it came last, to the minute. */
  lastSeenAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  /** Whether it is the one that asks. */
  isCurrent: z.boolean(),
});

export type ListedSession = z.infer<typeof listedSession>;

/** Answer to `DELETE /api/ai/sessions`. */
export const endedSessions = z.object({ ended: z.int() });
