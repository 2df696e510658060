import { InvalidArgumentError } from "commander";

/** An argument of the command line that is an object, as JSON. @throws InvalidArgumentError */
export function jsonObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {}
  throw new InvalidArgumentError("It must be a JSON object.");
}
