import { z } from "zod";

const charactersMin = 16;
const differentMin = 8;

/** A short piece again and again, and what stands in examples. */
const guessable = /^(.{1,8})\1+.{0,8}$|change.?me|password|placeholder|example|your.?(?:admin.?)?key/i;

/** `UNDERSTUDY_ADMIN_KEY`: does everything, so it must not be one that somebody would guess. */
export const adminKey = z
  .string()
  .min(charactersMin, `must have at least ${charactersMin} characters`)
  .refine((key) => new Set(key).size >= differentMin && !guessable.test(key), {
    error: "can be guessed: set it to the output of `openssl rand -hex 24`",
  });
