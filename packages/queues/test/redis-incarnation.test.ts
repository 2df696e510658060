import { expect, it } from "@jest/globals";
import { redisIncarnation } from "../src/index.ts";

it("a Redis that tells no run_id, as Upstash's, is one for ever: only a wipe is seen", async () => {
  const upstash = "# Server\r\nupstash_version:1.13.3\r\nredis_version:6.2.6\r\nredis_mode:standalone\r\n";
  expect(await redisIncarnation({ info: async () => upstash })).toBe("unnamed");
});
