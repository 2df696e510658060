import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Message, readMessages, surveyMessages } from "../read-messages.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "replay-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function messagesIn(text: string, limit?: number): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of readMessages(await fileWith(text), limit)) messages.push(message);
  return messages;
}

async function fileWith(text: string): Promise<string> {
  const file = join(folder, "messages.csv");
  await writeFile(file, text);
  return file;
}

describe("reading messages", () => {
  test("quoted cells, line ends in them, columns in any order and to be ignored", async () => {
    const csv = 'label,text,sent_at,fan_id,creator_id\nham,"a ""b"", c\nd",2013,fan,psy\nspam,e,,fan2,psy\n';
    expect(await messagesIn(csv)).toEqual([
      { position: 0, line: 2, creatorId: "psy", fanId: "fan", sentAt: "2013", text: 'a "b", c\nd' },
      { position: 1, line: 4, creatorId: "psy", fanId: "fan2", sentAt: "", text: "e" },
    ]);
  });

  test("a byte order mark, CRLF and empty lines", async () => {
    const messages = await messagesIn('\ufeffcreator_id,fan_id,text\r\na,b,"x\r\ny"\r\n\r\nc,d,z\r\n');
    expect(messages.map(({ line, text }) => [line, text])).toEqual([
      [2, "x\r\ny"],
      [5, "z"],
    ]);
  });

  test("rows that the contract refuses are marked with their line", async () => {
    const long = "x".repeat(65);
    const csv = `creator_id,fan_id,text\n,f,t\na b,f,t\n${long},f,t\nc,,t\nc,é,t\nc,f,\nc,f," "\nc,f\nc,f,t\n`;
    expect((await messagesIn(csv)).map(({ line, fault }) => [line, fault])).toEqual([
      [2, "invalid_creator_id"],
      [3, "invalid_creator_id"],
      [4, "invalid_creator_id"],
      [5, "invalid_fan_id"],
      [6, "invalid_fan_id"],
      [7, "empty_text"],
      [8, "empty_text"],
      [9, "empty_text"],
      [10, undefined],
    ]);
  });

  test("a limit, and the survey", async () => {
    const csv = "creator_id,fan_id,text\na,f,1\nb,f,2\na,f,\na,f,3\n";
    expect((await messagesIn(csv, 2)).map(({ text }) => text)).toEqual(["1", "2"]);
    expect(await surveyMessages(await fileWith(csv))).toEqual({ rows: 4, valid: 3, creatorIds: ["a", "b"] });
    expect(await surveyMessages(await fileWith(csv), 1)).toEqual({ rows: 1, valid: 1, creatorIds: ["a"] });
  });

  test("what can't be read says so, with exit code 2", async () => {
    await expect(messagesIn("creator,fan_id,message\n")).rejects.toMatchObject({
      message: expect.stringMatching(/lacks the columns creator_id, text.*creator, fan_id, message/),
      exitCode: 2,
    });
    await expect(messagesIn('creator_id,fan_id,text\na,b,"c\n')).rejects.toMatchObject({
      message: expect.stringMatching(/is no CSV.*[Qq]uote/),
      exitCode: 2,
    });
    await expect(surveyMessages(join(folder, "none.csv"))).rejects.toMatchObject({
      message: expect.stringContaining("There is no file"),
      exitCode: 2,
    });
  });
});
