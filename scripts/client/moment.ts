import { InvalidArgumentError } from "commander";

/** An option's time: a day, from 00:00 UTC, or a time with its offset. @returns ISO 8601, UTC */
export function moment(text: string): string {
  const isWhole = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  if (!isWhole || Number.isNaN(Date.parse(text))) {
    throw new InvalidArgumentError(
      "It must be a day, such as 2027-01-01 (UTC), or an ISO 8601 time with its offset.",
    );
  }
  return new Date(text).toISOString();
}
