import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "@jest/globals";
import { RESULT_COLUMNS, ResultsFile, resultRow, resultsCsv } from "../results-file.ts";
import { jobWith, messageAt } from "./jobs.ts";

describe("one row of the results", () => {
  test("a job that ended", () => {
    const message = messageAt(0, { sentAt: "2013-11-07T06:20:48" });
    expect(resultRow(message, { kind: "ended", job: jobWith() })).toEqual({
      creator_id: "psy",
      fan_id: "fan",
      sent_at: "2013-11-07T06:20:48",
      text: "text 0",
      job_id: "job_1",
      status: "completed",
      response: "Hi",
      confidence: "0.9",
      allowed: "true",
      cost_usd: "0.00155",
      latency_ms: "250",
      provider: "emulator",
      error_code: "",
    });
  });

  test("a reply that compliance held back, a failed job, agents of other results", () => {
    const row = (over: Parameters<typeof jobWith>[0]) =>
      resultRow(messageAt(0), { kind: "ended", job: jobWith(over) });
    expect(row({ result: { response: null, confidence: 0, compliance: { allowed: false } } })).toMatchObject({
      response: "",
      confidence: "0",
      allowed: "false",
    });
    const error = { code: "output_invalid", message: "…", retryable: true };
    expect(row({ status: "failed", error, result: undefined })).toMatchObject({
      status: "failed",
      response: "",
      error_code: "output_invalid",
    });
    expect(row({ result: { allowed: false, severity: "high" } })).toMatchObject({ allowed: "false" });
    expect(row({ result: { text: "plain" } })).toMatchObject({ response: "plain" });
  });

  test("rows without a job say why", () => {
    expect(resultRow(messageAt(0), { kind: "skipped", code: "empty_text" })).toMatchObject({
      status: "skipped",
      error_code: "empty_text",
    });
    expect(
      resultRow(messageAt(0), { kind: "notAccepted", code: "quota_exceeded", detail: "…" }),
    ).toMatchObject({ status: "not_accepted", error_code: "quota_exceeded" });
    expect(resultRow(messageAt(0), { kind: "unfinished", jobId: "job_9", code: "stalled" })).toMatchObject({
      job_id: "job_9",
      status: "unfinished",
      error_code: "stalled",
    });
  });
});

describe("the file", () => {
  test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])("neutralises %j", async (cell) => {
    const csv = resultsCsv();
    csv.end(
      resultRow(messageAt(0, { text: cell }), { kind: "ended", job: jobWith({ result: { text: cell } }) }),
    );
    const written = await text(csv);
    expect(written.split(`'${cell}`).length - 1).toBe(2);
  });

  test("leaves other cells as they are", async () => {
    const csv = resultsCsv();
    csv.end(resultRow(messageAt(0, { text: 'a=b, "c"\nd' }), { kind: "ended", job: jobWith() }));
    expect(await text(csv)).toBe(
      `${RESULT_COLUMNS.join(",")}\npsy,fan,,"a=b, ""c""\nd",job_1,completed,Hi,0.9,true,0.00155,250,emulator,\n`,
    );
  });

  test("is in the order of the messages, whatever ends first", async () => {
    const output = new PassThrough();
    const file = new ResultsFile(output);
    for (const position of [2, 0, 3, 1, 5]) {
      file.put(messageAt(position), { kind: "skipped", code: "empty_text" });
    }
    const [written] = await Promise.all([text(output), file.close()]);
    expect(written.match(/text \d/g)).toEqual(["text 0", "text 1", "text 2", "text 3", "text 5"]);
  });

  test("holds up submissions that run too far ahead of the first open row", async () => {
    const output = new PassThrough();
    const file = new ResultsFile(output, 2);
    const went: number[] = [];
    const third = file.room(2).then(() => went.push(2));
    await file.room(1);
    file.put(messageAt(1), { kind: "skipped", code: "empty_text" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(went).toEqual([]);
    file.put(messageAt(0), { kind: "skipped", code: "empty_text" });
    await third;
    expect(went).toEqual([2]);
    output.resume();
    await file.close();
  });
});
