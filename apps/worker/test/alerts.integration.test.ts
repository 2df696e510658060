import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { type Database, openDatabase } from "@understudy/database";
import type { Logger } from "@understudy/service";
import {
  createTestDatabase,
  createUnknownCall,
  eventually,
  startStack,
  type TestDatabase,
} from "@understudy/testkit";
import type { EmailSettings } from "../src/alerts/email-channel.ts";
import { type AlertSettings, startAlerts } from "../src/alerts/start-alerts.ts";
import {
  type MailReceiver,
  type SlackReceiver,
  startMailReceiver,
  startSlackReceiver,
} from "./alert-receivers.ts";

let testDatabase: TestDatabase;
let database: Database;
let slack: SlackReceiver;
let mail: MailReceiver;
let settings: { slackWebhookUrl: string; email: EmailSettings };
let running: { stop(): Promise<void> }[];
let warnings: { alertId?: string; channel?: string; msg: string; reason?: string }[];

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url, 3);
  // The day comes on which what is sown retires soon, and that is an alert too.
  await database.prisma.model.updateMany({ data: { retiresAt: null } });
  [slack, mail] = await Promise.all([startSlackReceiver(), startMailReceiver()]);
  settings = { slackWebhookUrl: slack.url, email: { smtpUrl: mail.url, to: ["a@x.test", "b@x.test"] } };
  running = [];
  warnings = [];
});

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(running.map((alerts) => alerts.stop()));
  await Promise.all([slack.close(), mail.close(), database.close()]);
  await testDatabase.drop();
});

/** As many workers as are asked for tell alerts. */
function start(workers = 1, given: AlertSettings = settings): void {
  const logger = { warn: keep, error: keep } as unknown as Logger;
  for (let worker = 0; worker < workers; worker++) running.push(startAlerts(testDatabase.url, given, logger));
}

function keep(fields: object, msg: string): void {
  warnings.push({ ...fields, msg });
}

async function raise(count: number, createdAt = new Date()): Promise<void> {
  await database.prisma.alert.createMany({
    data: Array.from({ length: count }, (_, index) => ({
      id: `alert_${createdAt.getTime()}_${index}`,
      type: "cost_above_hold" as const,
      creatorId: "psy",
      key: `call_${createdAt.getTime()}_${index}`,
      payload: { callId: `call_${index}`, costUsd: "0.5", holdUsd: "0.4" },
      createdAt,
    })),
  });
}

const sentence = (index: number) =>
  `Call call_${index} of creator psy cost $0.5, more than the $0.4 held for it.`;

function untilAllTold(count: number): Promise<void> {
  return eventually(async () =>
    expect(await database.prisma.alert.count({ where: { notifiedAt: { not: null } } })).toBe(count),
  );
}

describe("alerts", () => {
  it("of what a provider refuses are raised by whatever worker runs, once", async () => {
    const id = await createUnknownCall(database, { creatorId: "psy", holdUsd: "0.5" });
    const refused = {
      status: "released",
      costUsd: "0",
      httpStatus: 401,
      errorCode: "unauthenticated",
    } as const;
    await database.prisma.usageLog.update({
      where: { id },
      data: { ...refused, provider: "gemini", settledAt: new Date() },
    });
    start(2);
    await untilAllTold(1);
    expect(slack.texts).toEqual([`gemini refuses our key (unauthenticated): see call ${id}.`]);
  });

  it("of a spike of spend are raised by the first look, however far off the own clock is", async () => {
    const id = await createUnknownCall(database, { creatorId: "psy", holdUsd: "5" });
    const now = new Date();
    await database.prisma.usageLog.update({
      where: { id },
      data: { status: "settled", costUsd: "5", startedAt: now, settledAt: now },
    });
    const ownNow = Date.now;
    jest.spyOn(Date, "now").mockImplementation(() => ownNow() + 3 * 3_600_000);
    start();
    // The next look is a minute later.
    await eventually(async () =>
      expect(await database.prisma.alert.count({ where: { type: "spend_spike" } })).toBe(1),
    );
  });

  it("are told once through the log, Slack and e-mail", async () => {
    start();
    await raise(2);
    await untilAllTold(2);
    expect(slack.texts.sort()).toEqual([sentence(0), sentence(1)]);
    expect(mail.mails).toHaveLength(2);
    expect(mail.mails[0]).toMatchObject({ from: "a@x.test", to: ["a@x.test", "b@x.test"] });
    expect(mail.mails.map(({ text }) => text).join()).toContain(sentence(1));
    expect(warnings.map(({ msg }) => msg).sort()).toEqual([sentence(0), sentence(1)]);
    const [row] = await database.prisma.alert.findMany();
    expect(row?.notifiedVia.toSorted()).toEqual(["email", "log", "slack"]);
  });

  it("tell of a model of a role that will end", async () => {
    const retiresAt = new Date(Date.now() + 13.5 * 86_400_000);
    await database.prisma.model.updateMany({
      where: { model: "gemini-3.1-flash-lite" },
      data: { retiresAt },
    });
    start();
    await untilAllTold(1);
    expect(slack.texts).toEqual([
      `gemini-3.1-flash-lite, which answers for draft, check, offer, caption, explain, summary, retires at ${retiresAt.toISOString()}, in 14 days: set another.`,
    ]);
  });

  it("need no more than the log", async () => {
    start(1, {});
    await raise(1);
    await untilAllTold(1);
    expect([slack.requests, mail.mails.length]).toEqual([0, 0]);
  });

  it("are told once by several workers", async () => {
    start(4);
    for (let round = 0; round < 5; round++) await raise(3, new Date(Date.now() + round));
    await untilAllTold(15);
    const linesOf = (texts: string[]) => texts.join("\n").match(/Call call_\d+ of/g)?.length;
    expect(linesOf(slack.texts)).toBe(15);
    expect(warnings.filter(({ alertId }) => alertId)).toHaveLength(15);
    const bodies = mail.mails.map(({ text }) => text.slice(text.indexOf("\r\n\r\n")));
    expect(linesOf(bodies)).toBe(15);
  });

  it.each([500, 404, "hang"] as const)(
    "reach e-mail while Slack fails (%s), and Slack when it is back",
    async (answer) => {
      slack.answer = answer;
      start(2);
      await raise(1);
      await eventually(() => expect(mail.mails).toHaveLength(1));
      await eventually(() => expect(slack.requests).toBeGreaterThan(answer === "hang" ? 0 : 1));
      // What comes meanwhile is not held up.
      await raise(1, new Date(Date.now() + 1_000));
      await eventually(() => expect(mail.mails).toHaveLength(2));
      expect(await database.prisma.alert.count({ where: { notifiedAt: { not: null } } })).toBe(0);
      slack.answer = 200;
      await untilAllTold(2);
      expect(slack.texts).toEqual([sentence(0), sentence(0)]);
      expect(mail.mails).toHaveLength(2);
      expect(warnings.filter(({ alertId }) => alertId)).toHaveLength(2);
      expect(JSON.stringify(warnings)).not.toMatch(/secret|p@ss|p%40ss/);
    },
  );

  it("reach Slack while the mail server refuses us", async () => {
    start(1, { ...settings, email: { ...settings.email, smtpUrl: mail.url.replace("p%40ss", "wr0ng") } });
    await raise(1);
    await eventually(() => expect(warnings.some(({ channel }) => channel === "email")).toBe(true));
    await eventually(() => expect(slack.texts).toEqual([sentence(0)]));
    expect(JSON.stringify(warnings)).not.toMatch(/wr0ng|secret/);
  });

  it("come as one message where there are more than ten", async () => {
    const at = new Date(Date.now() - 3_600_000);
    await raise(11, at);
    start();
    await untilAllTold(11);
    expect(slack.texts).toEqual([expect.stringMatching(/^11 alerts:\n- Call call_/)]);
    expect(mail.mails).toHaveLength(1);
    expect(mail.mails[0]?.text).toMatch(/^Subject: Understudy: 11 alerts\r$/m);
    expect(mail.mails[0]?.text).toContain(`\r\nDate: ${at.toUTCString().replace("GMT", "+0000")}\r\n`);
    expect(warnings).toHaveLength(11);

    await raise(10, new Date(Date.now() + 1_000));
    await untilAllTold(21);
    expect(slack.texts).toHaveLength(11);
  });

  it("are given up after a day, but not before they were tried", async () => {
    slack.answer = 500;
    await raise(1, new Date(Date.now() - 25 * 3_600_000));
    start();
    await untilAllTold(1);
    expect(slack.requests).toBeGreaterThan(0);
    await eventually(() => expect(warnings.some(({ msg }) => /given up/.test(msg))).toBe(true));
    const [row] = await database.prisma.alert.findMany();
    expect(row?.notifiedVia).not.toContain("slack");
  });

  it("stop at once, in the middle of a message too", async () => {
    slack.answer = "hang";
    start();
    await raise(1);
    await eventually(() => expect(slack.requests).toBe(1));
    const startedAt = Date.now();
    await running.pop()?.stop();
    expect(Date.now() - startedAt).toBeLessThan(5_000);
  });
});

describe("a running worker", () => {
  it("tells operators of a quota that is used up, and the API lists it", async () => {
    const stack = await startStack({
      workers: 2,
      environment: {
        ALERT_SLACK_WEBHOOK_URL: slack.url,
        ALERT_SMTP_URL: mail.url,
        ALERT_EMAIL_TO: "ops@x.test",
      },
    });
    try {
      // Of $0.00155, which is 82 % of a quota that is set while the call is under way: its hold is above that.
      const usageMetadata = { promptTokenCount: 1_000, candidatesTokenCount: 500, totalTokenCount: 1_500 };
      await stack.rule({ match: {}, respond: { delayMs: 8_000, usageMetadata } });
      await stack.submit("test", { creatorId: "psy", input: { prompt: "Hello" } });
      const open = { creatorId: "psy", status: "started" } as const;
      await eventually(async () =>
        expect(await stack.database.prisma.usageLog.count({ where: open })).toBe(1),
      );
      await stack.request("PUT", "/api/ai/creators/psy", { quotaUsd: "0.0019" });
      await eventually(() => expect(slack.texts).toHaveLength(2), 30_000);
      await eventually(() => expect(mail.mails).toHaveLength(2));
      expect(mail.mails[0]?.to).toEqual(["ops@x.test"]);

      const list = async (query: string) =>
        (await (await stack.request("GET", `/api/ai/admin/alerts?creatorId=psy${query}`)).json()) as {
          items: { id: string; message: string; type: string; notifiedAt: string | null; data: object }[];
          nextCursor?: string;
        };
      await eventually(async () => {
        const { items } = await list("");
        expect(items.map(({ notifiedAt }) => typeof notifiedAt)).toEqual(["string", "string"]);
        expect(items.map(({ message }) => message).sort()).toEqual(slack.texts.sort());
        expect(items[0]).toMatchObject({
          type: "quota_threshold",
          data: { plan: "starter", quotaUsd: "0.0019", spentUsd: "0.00155" },
        });
      });
      const first = await list("&limit=1");
      const second = await list(`&limit=1&cursor=${first.nextCursor}`);
      expect(second.items[0]?.id).not.toBe(first.items[0]?.id);
      expect(second.nextCursor).toBeUndefined();
      expect((await list("&type=spend_spike")).items).toEqual([]);
      expect((await list("&from=2027-01-01T00:00:00Z")).items).toEqual([]);
      expect((await stack.request("GET", "/api/ai/admin/alerts?type=fire")).status).toBe(400);
      const log = stack.workers.map((worker) => worker.output()).join("");
      expect(log).toMatch(/"level":40.*"alert":"quota_threshold","creatorId":"psy"/);
      expect(log).not.toMatch(/p%40ss|T0\/B0/);
    } finally {
      await stack.stop();
    }
  });
});
