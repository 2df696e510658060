import { ProblemError } from "./http/problem-error.ts";

/** Of a field that is an object of the app's own form, such as `context` or `metrics`; in bytes of JSON. */
const objectBytesMax = 64 * 1024;

/** Of all that a job is given, in bytes of JSON: it is kept, read by a worker, and put into prompts. */
const inputBytesMax = 256 * 1024;

/**
 * Lets no job in whose input is larger than anybody has to say.
 * @param pointer to the input in the body
 * @returns its bytes of JSON
 * @throws a 413 problem that points to the field
 */
export function checkInputSize(input: Record<string, unknown>, pointer: string): number {
  const bytes = bytesOf(input);
  // Nearly all: no part of it can be too large.
  if (bytes <= objectBytesMax) return bytes;
  for (const [name, value] of Object.entries(input)) {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isObject && bytesOf(value) > objectBytesMax) throw tooLarge(`#${pointer}/${name}`, objectBytesMax);
  }
  if (bytes > inputBytesMax) throw tooLarge(`#${pointer}`, inputBytesMax);
  return bytes;
}

function bytesOf(json: unknown): number {
  return Buffer.byteLength(JSON.stringify(json));
}

function tooLarge(pointer: string, bytesMax: number): ProblemError {
  const detail = `must be at most ${bytesMax / 1024} KiB of JSON`;
  return new ProblemError(413, "input_too_large", `The input is too large: ${pointer} ${detail}.`, {
    errors: [{ pointer, detail }],
  });
}
