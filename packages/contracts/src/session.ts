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
  expiresAt: z.iso.datetime(),
});

export type Session = z.infer<typeof session>;
