import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { parseEnvironment, postgresUrl, redisUrl } from "../src/index.ts";

const schema = z.object({ DATABASE_URL: postgresUrl, REDIS_URL: redisUrl });
const good = {
  DATABASE_URL: "postgresql://u:p@db:5432/x?sslmode=verify-full",
  REDIS_URL: "rediss://:p@r:6379",
};

describe("URLs of the services", () => {
  it("are of one server each", () => {
    expect(parseEnvironment(schema, good)).toEqual(good);
    const short = { DATABASE_URL: "postgres://db/x", REDIS_URL: "redis://127.0.0.1" };
    expect(parseEnvironment(schema, short)).toEqual(short);
  });

  it.each([
    ["DATABASE_URL", "postgres://u:p@one:5432,two:5432/x?target_session_attrs=read-write"],
    ["REDIS_URL", "redis://one:6379,two:6379"],
    ["REDIS_URL", "redis+sentinel://one:26379/mymaster"],
    ["REDIS_URL", "redis-sentinel://one:26379"],
  ])("are refused with one line that says what to do: %s %s", (variable, url) => {
    const parse = () => parseEnvironment(schema, { ...good, [variable]: url });
    expect(parse).toThrow(new RegExp(`\\n  ${variable}: [^\\n]*the one address that leads to the primary$`));
    expect(parse).not.toThrow("p@one");
  });
});
