import { describe, expect, it } from "@jest/globals";
import { serializeError } from "../src/serialize-error.ts";

const marker = "quokka-marker";

function caught(throwing: () => unknown): unknown {
  try {
    return throwing();
  } catch (error) {
    return error;
  }
}

class PrismaClientValidationError extends Error {
  override name = "PrismaClientValidationError";
}

describe("an error in the log", () => {
  it.each([
    ["of JSON.parse", caught(() => JSON.parse(`${marker} {`))],
    [
      "of Postgres about a row",
      Object.assign(new Error(`"${marker}"`), { code: "23514", detail: marker, where: marker }),
    ],
    ["of Redis", Object.assign(new Error("OOM"), { command: { name: "set", args: [marker] } })],
    ["of Prisma", new PrismaClientValidationError(`{ input: "${marker}" }`)],
    ["in a cause", new Error("outer", { cause: caught(() => JSON.parse(marker)) })],
    ["in many", new AggregateError([caught(() => JSON.parse(marker))], "all failed")],
    ["that is none", marker],
  ])("quotes nothing: %s", (_of, error) => {
    expect(JSON.stringify(serializeError(error))).not.toContain(marker);
  });

  it("says what went wrong and where", () => {
    const error = Object.assign(new Error("connect refused\nat once"), { code: "ECONNREFUSED", port: 5432 });
    const cause = new TypeError("no such function");
    error.cause = cause;
    expect(serializeError(error)).toMatchObject({
      type: "Error",
      message: "connect refused\nat once",
      code: "ECONNREFUSED",
      port: 5432,
      stack: expect.stringMatching(/^\s+at .*serialize-error\.test/),
      cause: { type: "TypeError", message: "no such function" },
    });
  });

  it("ends where causes go round in a circle", () => {
    const error = new Error("round");
    error.cause = error;
    expect(JSON.stringify(serializeError(error)).length).toBeLessThan(20_000);
  });
});
