import { describe, expect, it } from "@jest/globals";
import { readFailure } from "../src/read-failure.ts";

const provider = "gemini";

/** As the SDK words an error answer: its body, as JSON, in the message. */
const apiError = (body: unknown) => new Error(typeof body === "string" ? body : JSON.stringify(body));
const answered = (status: number, headers: Record<string, string> = {}) => ({ status, headers });
const refusedWith = (status: number, body: unknown = "") =>
  readFailure(apiError(body), answered(status), "connection");
const socketError = (code: unknown) => Object.assign(new Error("socket"), { code });

describe("a request to which no answer has come", () => {
  it.each([
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "UND_ERR_CONNECT_TIMEOUT",
  ])("was never sent where nobody was reached: %s", (code) => {
    const unreachable = { kind: "refused", errorCode: "unreachable", retryable: true };
    expect(readFailure(socketError(code), undefined, "timeout")).toEqual(unreachable);
    const wrapped = new TypeError("fetch failed", { cause: new Error("sdk", { cause: socketError(code) }) });
    expect(readFailure(wrapped, undefined, "timeout")).toEqual(unreachable);
  });

  it.each([
    ["ECONNRESET", socketError("ECONNRESET")],
    ["UND_ERR_SOCKET", new Error("sdk", { cause: socketError("UND_ERR_SOCKET") })],
    ["a code that is no text", socketError(7)],
    ["no code", new Error("ECONNREFUSED")],
    ["the code of a cause that is no error", new Error("sdk", { cause: { code: "ECONNREFUSED" } })],
    ["no error", "ECONNREFUSED"],
    ["nothing", undefined],
  ])("may have been answered unheard after all else: %s", (_what, error) => {
    for (const reason of ["timeout", "aborted", "cancelled", "connection"] as const) {
      expect(readFailure(error, undefined, reason)).toEqual({ kind: "lost", reason });
    }
  });

  it("is judged by the outermost code that is one", () => {
    const wrapped = Object.assign(socketError(7), { cause: socketError("ECONNREFUSED") });
    expect(readFailure(wrapped, undefined, "connection").kind).toBe("refused");
    const error = Object.assign(socketError("ECONNRESET"), { cause: socketError("ECONNREFUSED") });
    expect(readFailure(error, undefined, "connection").kind).toBe("lost");
  });
});

describe("an answer that was well and did not come whole", () => {
  it.each([200, 204, 299])("is lost: %i", (status) => {
    expect(readFailure(socketError("ECONNREFUSED"), answered(status), "aborted")).toEqual({
      kind: "lost",
      reason: "aborted",
    });
  });
});

describe("an answer that is an error", () => {
  it.each([
    [300, false],
    [400, false],
    [401, false],
    [404, false],
    [407, false],
    [408, true],
    [409, false],
    [428, false],
    [429, true],
    [430, false],
    [499, false],
    [500, true],
    [503, true],
    [599, true],
  ])("is worth another try where it may be answered otherwise: %i %s", (status, retryable) => {
    expect(refusedWith(status)).toEqual({
      kind: "refused",
      httpStatus: status,
      errorCode: `http_${status}`,
      retryable,
      provider,
    });
  });

  it("is named as Gemini names it, in lower case", () => {
    expect(refusedWith(400, { error: { status: "INVALID_ARGUMENT" } })).toMatchObject({
      errorCode: "invalid_argument",
    });
  });

  it.each([
    ["an empty name", { error: { status: "" } }],
    ["no name", { error: {} }],
    ["a name that is no text", { error: { status: 7 } }],
    ["no error", {}],
    ["no object", [1]],
    ["no JSON", "<html>Bad gateway</html>"],
  ])("is named by its status where its body has %s", (_what, body) => {
    expect(refusedWith(502, body)).toMatchObject({ errorCode: "http_502", retryable: true });
    expect(readFailure(JSON.stringify(body), answered(502), "connection")).toMatchObject({
      errorCode: "http_502",
    });
  });

  it("is not read where what was thrown is no error", () => {
    const body = JSON.stringify({ error: { status: "NOT_FOUND" } });
    expect(readFailure({ message: body }, answered(404), "connection")).toMatchObject({
      errorCode: "http_404",
    });
  });

  it("is the emulator's where that says so", () => {
    const emulator = answered(429, { "x-understudy-provider": "emulator" });
    expect(readFailure(apiError(""), emulator, "connection")).toMatchObject({ provider: "emulator" });
  });
});

describe("how long an error asks to wait", () => {
  const delay = (...details: unknown[]) => {
    const failure = refusedWith(429, { error: { status: "RESOURCE_EXHAUSTED", details } });
    return failure.kind === "refused" ? failure.retryAfterMs : undefined;
  };
  const retryInfo = (retryDelay: unknown) => ({
    "@type": "type.googleapis.com/google.rpc.RetryInfo",
    retryDelay,
  });

  it.each([
    ["0s", 0],
    ["7s", 7_000],
    ["34.074824224s", 34_075],
    ["0.0001s", 1],
    ["120.5s", 120_500],
  ])("is read from seconds: %s", (text, ms) => {
    expect(delay(retryInfo(text))).toBe(ms);
  });

  it.each(["s", "5", "5ms", "-5s", " 5s", "5s ", "1m5s", "1.s", ".5s", "1.2.3s", "x5s"])(
    "is not told by what is no such time: %s",
    (text) => {
      expect(delay(retryInfo(text))).toBeUndefined();
      expect(refusedWith(429, { error: { details: [retryInfo(text)] } })).not.toHaveProperty("retryAfterMs");
    },
  );

  it("is told by the detail that has it, among others", () => {
    expect(delay({ "@type": "QuotaFailure", violations: [] }, retryInfo("3s"), retryInfo("4s"))).toBe(3_000);
    expect(delay({ "@type": "Help" })).toBeUndefined();
    expect(delay()).toBeUndefined();
  });

  it("is not told by details that are none; nor is its name read", () => {
    expect(refusedWith(429, { error: { status: "X", details: [{ retryDelay: 5 }] } })).toMatchObject({
      errorCode: "http_429",
    });
  });
});
