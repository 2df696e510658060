import { describe, expect, it } from "@jest/globals";
import type { LossReason } from "../src/generation.ts";
import type { Exchange } from "../src/http-exchange.ts";
import { readFailure as read } from "../src/read-failure.ts";

const provider = "gemini";

const unshown = { prompts: ["Be kind.", "My name is Jo and I live in Ulm."], secrets: ["my-own-secret-key"] };

const readFailure = (error: unknown, exchange: Exchange | undefined, lostTo: LossReason) =>
  read(error, { exchange, lostTo, provider, ...unshown });

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
    "CERT_HAS_EXPIRED",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_GET_ISSUER_CERT",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
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
    [404, true],
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

  it("is not told by details that are none; its name is read all the same", () => {
    for (const details of [[{ retryDelay: 5 }], [7, null], "x", null]) {
      const failure = refusedWith(429, { error: { status: "X", details } });
      expect(failure).toMatchObject({ errorCode: "x" });
      expect(failure).not.toHaveProperty("retryAfterMs");
    }
  });

  it("is a day at most", () => {
    expect(delay(retryInfo("86400s"))).toBe(86_400_000);
    expect(delay(retryInfo("86400.1s"))).toBe(86_400_000);
    expect(delay(retryInfo(`${"9".repeat(400)}s`))).toBe(86_400_000);
  });

  const byHeader = (headers: Record<string, string>, body: unknown = "") => {
    const failure = readFailure(apiError(body), answered(429, headers), "connection");
    return failure.kind === "refused" ? failure.retryAfterMs : undefined;
  };

  it.each([
    ["0", 0],
    ["7", 7_000],
    [" 120 ", 120_000],
    ["999999999", 86_400_000],
    ["Mon, 30 Nov 2026 10:00:30 GMT", 30_000],
    ["Monday, 30-Nov-26 10:00:30 GMT", 30_000],
    ["Mon, 30 Nov 2026 09:00:00 GMT", 0],
  ])("is told by the header where the body does not: Retry-After: %s", (text, ms) => {
    const date = "Mon, 30 Nov 2026 10:00:00 GMT";
    expect(byHeader({ "retry-after": text, date })).toBe(ms);
    expect(byHeader({ "retry-after": text, date }, { error: { details: [retryInfo("3s")] } })).toBe(3_000);
  });

  it("is not told by a date where the answer does not say when it was given: our own clock may be off", () => {
    const soon = new Date(Date.now() + 20_000).toUTCString();
    expect(byHeader({ "retry-after": soon })).toBeUndefined();
    expect(byHeader({ "retry-after": soon, date: "nonsense" })).toBeUndefined();
  });

  it.each(["", "-1", "1.5", "5s", "soon", "1234567890", "2026-11-30T10:00:00Z", "Mon, nonsense"])(
    "is not told by a header that is no such time: %j",
    (text) => expect(byHeader({ "retry-after": text, date: new Date().toUTCString() })).toBeUndefined(),
  );
});

describe("an error's own words", () => {
  const wordsOf = (error: object, headers: Record<string, string> = {}) => {
    const failure = readFailure(apiError({ error }), answered(400, headers), "connection");
    return failure.words;
  };

  it("are kept, with its reason, its quota, its fields and its id", () => {
    const details = [
      { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "RATE_LIMIT_EXCEEDED", domain: "x" },
      {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        violations: [
          { quotaMetric: "requests", quotaId: "PerDay-FreeTier", quotaValue: "50" },
          { description: "No more." },
          { quotaValue: 7 },
          {},
          null,
        ],
      },
      {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations: [{ field: "generation_config.top_k", description: "Unknown name" }],
      },
    ];
    expect(wordsOf({ message: "Quota exceeded.", details }, { "x-request-id": "req-1" })).toEqual({
      message: "Quota exceeded.",
      reason: "RATE_LIMIT_EXCEEDED",
      quota: ["requests, PerDay-FreeTier, 50", "No more.", "7"],
      fields: ["generation_config.top_k: Unknown name"],
      requestId: "req-1",
    });
  });

  it("are read from the list that a stream without server-sent events is", () => {
    const listed = [{ error: { status: "NOT_FOUND", message: "Gone." } }];
    expect(refusedWith(404, listed)).toMatchObject({ errorCode: "not_found", words: { message: "Gone." } });
  });

  it("are none where nothing was said", () => {
    expect(refusedWith(500, "")).not.toHaveProperty("words");
    expect(wordsOf({ status: "INTERNAL" })).toBeUndefined();
    expect(wordsOf({}, { "x-goog-request-id": "g1" })).toEqual({ message: "", requestId: "g1" });
  });

  it("are bounded, and can be stored", () => {
    const violations = Array.from({ length: 30 }, () => ({ quotaId: "q".repeat(300) }));
    const words = wordsOf({
      message: `a\u0000\ud800${"m".repeat(50_000)}`,
      details: [{ violations, fieldViolations: violations.map(() => ({ field: "f".repeat(900) })) }],
    });
    expect(words?.message).toHaveLength(1_000);
    expect(words?.message.slice(0, 3)).toBe("a\ufffdm");
    expect(words?.quota).toEqual(Array.from({ length: 10 }, () => "q".repeat(200)));
    expect(words?.fields).toEqual(Array.from({ length: 10 }, () => "f".repeat(200)));
  });

  it("never repeat what was asked, nor a key", () => {
    const details = [
      { fieldViolations: [{ field: "contents", description: 'Bad: "My name is Jo"' }] },
      { violations: [{ description: "for key AIzaSyA-1234_5 of my-own-secret-key" }] },
    ];
    expect(wordsOf({ message: "Can't parse: My name is Jo and I live in Ulm. Try again.", details })).toEqual(
      {
        message: "Can't parse: … Try again.",
        fields: ['contents: Bad: "…"'],
        quota: ["for key … of …"],
      },
    );
  });

  it("are kept of a stream that broke with them", () => {
    const failure = readFailure(apiError({ error: { message: "Cancelled." } }), answered(200), "connection");
    expect(failure).toEqual({ kind: "lost", reason: "connection", words: { message: "Cancelled." } });
  });
});

describe("an egress proxy that makes no tunnel", () => {
  it("has sent nothing", () => {
    const error = Object.assign(new Error("Proxy response (407) !== 200 when HTTP Tunneling"), {
      code: "UND_ERR_ABORTED",
    });
    expect(readFailure(new Error("sdk", { cause: error }), undefined, "connection")).toMatchObject({
      kind: "refused",
      errorCode: "unreachable",
    });
  });
});

describe("a status that is none of Google's", () => {
  it.each(["My name is Jo and I live in Ulm.", "x".repeat(65), "NOT FOUND", ""])(
    "is not kept: %s",
    (status) => {
      expect(refusedWith(400, { error: { status } })).toMatchObject({
        errorCode: "http_400",
        retryable: false,
      });
    },
  );

  it("makes a 404 one that passes: something before Google has answered", () => {
    expect(refusedWith(404, "<html>nginx</html>")).toMatchObject({ errorCode: "http_404", retryable: true });
    const gone = refusedWith(404, { error: { status: "NOT_FOUND" } });
    expect(gone).toMatchObject({ errorCode: "not_found", retryable: false });
  });
});
