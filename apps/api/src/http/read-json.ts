import { isUtf8 } from "node:buffer";
import express, { type Request, type RequestHandler, type Response } from "express";
import { isGone } from "./held-requests.ts";
import { overloaded, ProblemError } from "./problem-error.ts";

/** Of the bodies of one process that are being read or answered, in bytes: a batch has 8 MiB. */
const underWayMax = 128 * 1024 * 1024;

/** What bodies that are being read or answered take: who sends many at once, and does not end them, fills no memory. */
export class BodiesUnderWay {
  readonly #max: number;
  #bytes = 0;

  constructor(max = underWayMax) {
    this.#max = max;
  }

  /** Makes room until the request is answered. @throws a 503 problem where there is none */
  take(bytes: number, response: Response): void {
    if (this.#bytes + bytes > this.#max) throw overloaded();
    if (isGone(response)) return;
    this.#bytes += bytes;
    response.once("close", () => {
      this.#bytes -= bytes;
    });
  }
}

/** As nearly all clients send it; `utf8` is no name of it, but meant so. */
const plainJson = /^application\/json(?:\s*;\s*charset="?utf-?8"?)?$/i;

export function isJson(request: Request): boolean {
  return plainJson.test(request.headers["content-type"] ?? "") || Boolean(request.is("application/json"));
}

/**
 * Reads a request's JSON body into `request.body`. A body that says how long it is, and is not compressed, is read
 * here: body-parser takes three times as long for a small one. All others go to body-parser, with the same answers.
 * @param bytesMax of a larger body the answer is 413
 * @param underWay of all requests of this process; one for which they have no room is answered with 503
 */
export function readJson(bytesMax: number, underWay: BodiesUnderWay): RequestHandler {
  const parseAny = express.json({ limit: bytesMax, type: "application/json", verify: refuseBadUtf8 });
  return (request, response, next) => {
    const {
      "content-type": type = "",
      "content-length": length,
      "content-encoding": encoding,
      "transfer-encoding": chunked,
    } = request.headers;
    // Of one that does not say how long it is, as long as it may be.
    const bytes = Number(length ?? (chunked === undefined ? 0 : bytesMax));
    underWay.take(Math.min(bytes, bytesMax), response);
    const isPlainType = plainJson.test(type);
    if (isPlainType) request.headers["content-type"] = "application/json";
    // A name that is none of it, but meant so.
    else request.headers["content-type"] = type.replace(/\bcharset="?utf8"?/i, "charset=utf-8");
    const isPlain = length !== undefined && encoding === undefined && isPlainType;
    if (!isPlain || Number(length) === 0 || Number(length) > bytesMax)
      return parseAny(request, response, next);
    readBytes(request, (error, bytes) => {
      if (error) return next(error);
      try {
        request.body = parse(bytes);
      } catch (fault) {
        return next(fault);
      }
      next();
    });
  };
}

/** All of a body that is not longer than its `content-length`: Node ends it there. */
function readBytes(request: Request, done: (error: ProblemError | undefined, bytes: Buffer) => void): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () =>
    done(undefined, chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)),
  );
  request.on("error", () => done(notJson(), Buffer.alloc(0)));
}

/** Like body-parser, an object or an array alone. */
function parse(bytes: Buffer): unknown {
  refuseBadUtf8(undefined, undefined, bytes);
  const text = bytes.toString();
  if (!/^\s*[[{]/.test(text)) throw notJson();
  try {
    // A byte order mark is space to the test above, but not to JSON.
    return JSON.parse(text.trimStart());
  } catch {
    throw notJson();
  }
}

/** Node would read broken bytes as U+FFFD: what a fan wrote must not be changed in silence. */
function refuseBadUtf8(_request: unknown, _response: unknown, body: Buffer): void {
  if (!isUtf8(body)) throw new ProblemError(400, "invalid_json", "The body is not JSON in UTF-8.");
}

function notJson(): ProblemError {
  return new ProblemError(400, "invalid_json", "The body is not a JSON object in UTF-8.");
}
