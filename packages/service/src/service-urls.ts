import { z } from "zod";

/** Several hosts in one URL, which no part of Understudy follows yet. */
const severalHosts = /^[a-z+]+:\/\/[^/?#]*,/i;

/** `DATABASE_URL`: of one server. */
export const postgresUrl = z
  .string()
  .refine((url) => !severalHosts.test(url), {
    error: "names several hosts, which is not supported: give the one address that leads to the primary",
    abort: true,
  })
  .pipe(z.url({ protocol: /^postgres(ql)?$/ }));

/** `REDIS_URL`: of one server. */
export const redisUrl = z
  .string()
  .refine((url) => !/^rediss?[+-]?sentinel:/i.test(url) && !severalHosts.test(url), {
    error:
      "names Sentinels or several hosts, which is not supported: give the one address that leads to the primary",
    abort: true,
  })
  .pipe(z.url({ protocol: /^rediss?$/ }));
