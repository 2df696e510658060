import { describe, expect, it } from "@jest/globals";
import { parseEnvironment } from "@understudy/service";
import { environment } from "../src/config.ts";

const needed = {
  DATABASE_URL: "postgres://127.0.0.1/x",
  REDIS_URL: "redis://127.0.0.1",
  GEMINI_API_KEY: "key",
  UNDERSTUDY_SECRETS_KEYS: `k1:${Buffer.alloc(32).toString("base64")}`,
};
const smtp = "smtp://user:hunter2@mail.test:587";
const parse = (more: Record<string, string>) => parseEnvironment(environment, { ...needed, ...more });

describe("where alerts are told", () => {
  it("is the log alone by default", () => {
    expect(parse({ ALERT_SLACK_WEBHOOK_URL: "" }).alerts).toEqual({ slackWebhookUrl: undefined });
  });

  it("is read with a list of recipients", () => {
    expect(parse({ ALERT_SMTP_URL: smtp, ALERT_EMAIL_TO: "a@x.test, b@x.test" }).alerts.email).toEqual({
      smtpUrl: smtp,
      to: ["a@x.test", "b@x.test"],
    });
  });

  it.each([
    [{ ALERT_SMTP_URL: smtp }, "ALERT_EMAIL_TO: is needed beside ALERT_SMTP_URL"],
    [{ ALERT_EMAIL_TO: "a@x.test" }, "ALERT_SMTP_URL: is needed beside ALERT_EMAIL_TO"],
    [{ ALERT_SMTP_URL: "http://mail.test", ALERT_EMAIL_TO: "a@x.test" }, "ALERT_SMTP_URL: "],
    [{ ALERT_SMTP_URL: smtp, ALERT_EMAIL_TO: "a@x.test,nobody" }, "ALERT_EMAIL_TO.1: "],
    [{ ALERT_SLACK_WEBHOOK_URL: "hooks.slack.test" }, "ALERT_SLACK_WEBHOOK_URL: "],
  ])("is refused in one line: %j", (more, line) => {
    const refused = () => parse(more);
    expect(refused).toThrow(line);
    expect(refused).not.toThrow(/hunter2/);
    expect(refused).not.toThrow(/\n.*\n/);
  });
});

describe("Gemini's limits", () => {
  it("are none by default, and read by model", () => {
    expect(parse({ GEMINI_LIMITS: "" }).modelLimits).toBeUndefined();
    const { modelLimits } = parse({ GEMINI_LIMITS: "gemini-2.5-flash=1000rpm/2000000tpm" });
    expect(modelLimits?.get("gemini-2.5-flash")).toEqual({
      requestsPerMinute: 1000,
      tokensPerMinute: 2_000_000,
    });
  });

  it("are refused in one line that says how they look", () => {
    const refused = () => parse({ GEMINI_LIMITS: "gemini-2.5-flash=fast" });
    expect(refused).toThrow("GEMINI_LIMITS: must be like gemini-2.5-flash=1000rpm/2000000tpm");
    expect(refused).not.toThrow(/\n.*\n/);
  });
});
