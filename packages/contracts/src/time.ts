import { z } from "zod";

/** In UTC its year has four digits and isn't 0, as Postgres wants it. Of what is no time the format tells. */
function isInYears(text: string): boolean {
  const year = new Date(text).getUTCFullYear();
  return Number.isNaN(year) || (year >= 1 && year <= 9999);
}

const message = "must be in the years 0001 to 9999 of UTC";

/** A time with its offset, such as `2026-11-22T18:04:05Z`. */
export const timeWithOffset = z.iso.datetime({ offset: true }).refine(isInYears, message);

/** A UTC day, such as `2026-11-22`. */
export const day = z.iso.date().refine(isInYears, message);
