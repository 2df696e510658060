import { createHash, timingSafeEqual } from "node:crypto";
import type { RequestHandler } from "express";
import { adminCaller } from "./caller.ts";
import { ProblemError } from "./problem-error.ts";

/** Whether a key is the admin key, in constant time. */
export function keyCheck(adminKey: string): (key: string) => boolean {
  const expected = sha256(adminKey);
  return (key) => timingSafeEqual(sha256(key), expected);
}

/** Lets requests through that carry `Authorization: Bearer <key>`, and notes whose they are. */
export function authenticate(isAdminKey: (key: string) => boolean): RequestHandler {
  return (request, response, next) => {
    const key = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const headers = { "www-authenticate": 'Bearer realm="understudy"' };
    if (key === undefined) {
      throw new ProblemError(401, "unauthorized", "Send your API key as `Authorization: Bearer us_…`.", {
        headers,
      });
    }
    if (!isAdminKey(key))
      throw new ProblemError(401, "invalid_api_key", "The API key is not known.", { headers });
    response.locals.caller = adminCaller;
    next();
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
