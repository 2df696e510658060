import { z } from "zod";

const secondsMax = 86_400;

/** Body of `POST /api/ai/jobs/{id}/token`. */
export const jobTokenRequest = z
  .strictObject({
    /** A quarter of an hour unless said, a day at most. */
    expiresInSeconds: z.int().min(1).max(secondsMax).default(900),
  })
  .prefault({});

/** A bearer token that may read one job and its events, and nothing else: for browsers. */
export const jobToken = z.object({ token: z.string().startsWith("usjt_"), expiresAt: z.iso.datetime() });

export type JobToken = z.infer<typeof jobToken>;
