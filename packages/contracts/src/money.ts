import { z } from "zod";

/** USD as an exact decimal string without an exponent, at most 12 digits on each side: `"0.00155"`. */
export const usd = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,12})?$/, 'must be a decimal string in USD, such as "12.50"');
