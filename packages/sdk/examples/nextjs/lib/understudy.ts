import { Understudy } from "@understudy/sdk";

/** One client for all routes. Never in a client component: the key is yours. */
export function understudy(): Understudy {
  return new Understudy({
    apiKey: process.env.UNDERSTUDY_API_KEY,
    baseUrl: process.env.UNDERSTUDY_URL ?? "http://127.0.0.1:3000",
  });
}
