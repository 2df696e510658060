import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

/** Stands where Slack would. */
export interface SlackReceiver {
  url: string;
  /** What it has taken. */
  texts: string[];
  /** Requests, refused ones too. */
  requests: number;
  /** What it answers with from now on; `hang` never answers. */
  answer: number | "hang";
  close(): Promise<void>;
}

export async function startSlackReceiver(): Promise<SlackReceiver> {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    receiver.requests++;
    if (receiver.answer === "hang") return;
    if (receiver.answer === 200) receiver.texts.push(JSON.parse(body).text);
    response.writeHead(receiver.answer).end(receiver.answer === 200 ? "ok" : "no");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const receiver: SlackReceiver = {
    url: `http://127.0.0.1:${port}/services/T0/B0/secret`,
    texts: [],
    requests: 0,
    answer: 200,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return receiver;
}

/** A mail server that takes what the right user sends. */
export interface MailReceiver {
  url: string;
  mails: { from: string; to: string[]; text: string }[];
  close(): Promise<void>;
}

export async function startMailReceiver(): Promise<MailReceiver> {
  const mails: MailReceiver["mails"] = [];
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    onAuth({ username, password }, _session, done) {
      if (username === "alerts@understudy.test" && password === "p@ss") done(null, { user: username });
      else done(new Error("wrong user"));
    },
    onData(stream, session, done) {
      let text = "";
      stream.setEncoding("utf8");
      stream.on("data", (chunk: string) => {
        text += chunk;
      });
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map(({ address }) => address),
          // Lines are wrapped for the way.
          text: text.replaceAll("=\r\n", ""),
        });
        done();
      });
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://alerts%40understudy.test:p%40ss@127.0.0.1:${port}`,
    mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
