import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { parseEnvironment } from "../src/index.ts";

const schema = z.object({ REDIS_URL: z.url({ protocol: /^rediss?$/ }), PORT: z.coerce.number().int() });
const rest = {
  UPSTASH_REDIS_REST_URL: "https://eu1-cat.upstash.io",
  UPSTASH_REDIS_REST_TOKEN: "hunter2",
};

describe("an environment with Upstash's REST interface and no Redis", () => {
  it.each([
    ["its variables alone", rest],
    ["its URL as that of Redis", { REDIS_URL: "https://eu1-cat.upstash.io" }],
  ])("is refused with what to set instead, in one message with all other faults: %s", (_, environment) => {
    const refused = () => parseEnvironment(schema, { ...environment, PORT: "http" });
    expect(refused).toThrow("REDIS_URL: queues need Redis' own protocol");
    expect(refused).toThrow("rediss://");
    expect(refused).toThrow("PORT: ");
    expect(refused).not.toThrow("hunter2");
  });

  it("is right beside a URL of Redis", () => {
    const environment = { ...rest, REDIS_URL: "rediss://default:x@eu1-cat.upstash.io:6379", PORT: "1" };
    expect(parseEnvironment(schema, environment).REDIS_URL).toBe(environment.REDIS_URL);
  });
});

const whole = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres$/ }),
  PORT: z.coerce.number().int().default(3000),
  ADMIN_KEY: z.string().min(16, "must have at least 16 characters"),
});

describe("the environment", () => {
  it("is told of in one message for all that is wrong, without any value", () => {
    const environment = { DATABASE_URL: "mysql://user:s3cret@host", PORT: "many", ADMIN_KEY: "s3cret" };
    const parse = () => parseEnvironment(whole, environment);
    expect(parse).toThrow(/\.env\.example/);
    for (const name of Object.keys(environment)) expect(parse).toThrow(new RegExp(`^ {2}${name}: `, "m"));
    expect(parse).toThrow(/ADMIN_KEY: must have at least 16 characters/);
    expect(parse).not.toThrow(/s3cret|many/);
  });

  it("counts what is empty as unset", () => {
    const environment = { DATABASE_URL: "postgres://host/db", PORT: "", ADMIN_KEY: "x".repeat(16) };
    expect(parseEnvironment(whole, environment)).toMatchObject({ PORT: 3000 });
    expect(() => parseEnvironment(whole, { ...environment, DATABASE_URL: "" })).toThrow(/DATABASE_URL/);
  });
});
