import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import pg from "pg";
import { type Link, startLink } from "./link.ts";

/** Which statements of clients something happens to. */
export interface StatementRule {
  /** Fits the statement's text, or the name of a prepared one; any statement unless given. */
  statement?: RegExp;
  /** How often; until the rule is taken back unless given. */
  times?: number;
}

export interface AnswerRule extends StatementRule {
  sqlState: string;
  message?: string;
  /** What is refused is not the statement but the COMMIT after it, which then rolls back. */
  atCommit?: boolean;
  /** What is refused is a connection, before anything is asked over it. */
  atConnect?: boolean;
}

/** A link that understands Postgres' protocol, without TLS. */
export interface PostgresWire extends Link {
  /**
   * Has statements answered with a SQLSTATE, and not done. Of a class with which a server ends the session
   * (08, 57P01 to 57P03), the connection is closed as well.
   * @returns takes it back
   */
  answer(rule: AnswerRule): () => void;
  /**
   * Has statements done, and drops the connection in place of telling that they are committed.
   * @returns takes it back
   */
  dropAfterCommit(rule: StatementRule): () => void;
  /**
   * Tells of each statement that a client sends: the name of a prepared one, else its text.
   * @returns takes it back
   */
  watch(onSent: (statement: string) => void): () => void;
}

interface Rules {
  answers: Set<AnswerRule>;
  drops: Set<StatementRule>;
  watchers: Set<(statement: string) => void>;
}

/** Listens on 127.0.0.1, on a free port. Clients may neither ask for TLS nor wait for what they flush. */
export async function startPostgresWire(targetPort = 0): Promise<PostgresWire> {
  let target = targetPort;
  const rules: Rules = { answers: new Set(), drops: new Set(), watchers: new Set() };
  const server = createServer({ noDelay: true }, (client) => {
    new Session(client, connect({ port: target, host: "127.0.0.1", noDelay: true }), rules);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const link = await startLink((server.address() as AddressInfo).port);
  return {
    ...link,
    leadTo(port) {
      target = port;
    },
    answer: (rule) => added(rules.answers, rule),
    dropAfterCommit: (rule) => added(rules.drops, rule),
    watch(onSent) {
      rules.watchers.add(onSent);
      return () => void rules.watchers.delete(onSent);
    },
    async close() {
      await link.close();
      server.close();
      await once(server, "close");
    },
  };
}

function added<Rule extends StatementRule>(rules: Set<Rule>, rule: Rule): () => void {
  const own = { ...rule };
  rules.add(own);
  return () => void rules.delete(own);
}

interface SentStatement {
  name: string;
  text: string;
}

/** What a client sends before it waits: a simple query, or messages up to Sync. */
interface Request {
  messages: Buffer[];
  statements: SentStatement[];
}

/** One client's session with the server. Its requests go there one at a time, as rules are about one. */
class Session {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #rules: Rules;
  readonly #prepared = new Map<string, string>();
  readonly #waiting: Request[] = [];
  #coming: Request = { messages: [], statements: [] };
  #isConnected = false;
  /** As the server has told last: idle, in a transaction, in a failed one. */
  #status = "";
  /** Of ours and clients' requests, ReadyForQuery that is yet to come, and whether the client is told it. */
  #asked: { isTold: boolean }[] = [];
  /** Statements of the transaction that is open. */
  #transaction: SentStatement[] = [];
  /** Whose connection is dropped once it is committed, and what is not told until that is known. */
  #drop: { rule: StatementRule; held: Buffer[]; hasFailed: boolean } | undefined;

  constructor(client: Socket, server: Socket, rules: Rules) {
    [this.#client, this.#server, this.#rules] = [client, server, rules];
    const toServer = framing(false, (message) => this.#fromClient(message));
    const toClient = framing(true, (message) => this.#fromServer(message));
    client.on("data", toServer);
    server.on("data", toClient);
    client.on("drain", () => server.resume());
    for (const socket of [client, server]) {
      socket.on("error", () => {});
      socket.on("close", () => this.#end());
    }
  }

  #fromClient(message: Buffer): boolean {
    if (!this.#isConnected) return this.#connecting(message);
    const type = String.fromCharCode(message[0] ?? 0);
    if (!"PBDECSHFQ".includes(type)) {
      // A password, the end, or a part of a COPY.
      this.#server.write(message);
      return true;
    }
    this.#coming.messages.push(message);
    const [first = "", second = ""] = message.toString("utf8", 5).split("\0", 2);
    if (type === "P") this.#prepared.set(first, second);
    if (type === "Q") this.#coming.statements.push({ name: "", text: first });
    if (type === "B") this.#coming.statements.push({ name: second, text: this.#prepared.get(second) ?? "" });
    if (type === "Q" || type === "S") {
      for (const { name, text } of this.#coming.statements)
        for (const tell of this.#rules.watchers) tell(name || text);
      this.#waiting.push(this.#coming);
      this.#coming = { messages: [], statements: [] };
      this.#askNext();
    }
    return true;
  }

  /** @returns whether messages have a type from here on */
  #connecting(message: Buffer): boolean {
    const code = message.readInt32BE(4);
    if (code === sslRequest || code === gssRequest) {
      this.#client.write("N");
      return false;
    }
    const rule = this.#take(this.#rules.answers, (each) => each.atConnect === true);
    this.#isConnected = true;
    if (rule) this.#endWith(rule);
    else this.#server.write(message);
    return true;
  }

  /** Sends the next request once the one before is answered, or has it answered otherwise. */
  #askNext(): void {
    if (this.#asked.length > 0 || this.#status === "") return;
    const request = this.#waiting.shift();
    if (!request) return;
    const { statements } = request;
    const isCommit = this.#status === "T" && statements.some(({ text }) => /^\s*(COMMIT|END)\b/i.test(text));
    const about = (rule: StatementRule, sent: SentStatement[]) =>
      sent.some(
        ({ name, text }) => !rule.statement || name.match(rule.statement) || text.match(rule.statement),
      );
    const refused =
      this.#status === "E"
        ? undefined
        : this.#take(this.#rules.answers, (rule) => {
            if (rule.atConnect) return false;
            if (!rule.atCommit) return about(rule, statements);
            if (this.#status === "I" && !statements.some(({ text }) => /^\s*(BEGIN|START)\b/i.test(text)))
              return about(rule, statements);
            return isCommit && about(rule, this.#transaction);
          });
    if (this.#status !== "I") this.#transaction.push(...statements);
    if (refused) {
      this.#refuse(refused);
      return;
    }
    if (!this.#drop) {
      const rule = this.#take(this.#rules.drops, (each) => about(each, statements));
      if (rule) this.#drop = { rule, held: [], hasFailed: false };
    }
    this.#ask(Buffer.concat(request.messages), true);
  }

  #ask(messages: Buffer, isTold: boolean): void {
    this.#asked.push({ isTold });
    this.#server.write(messages);
  }

  /** Makes the server itself fail, so that what comes later fits: a transaction has failed, or is over. */
  #refuse(rule: AnswerRule): void {
    if (/^(08|57P0[123])/.test(rule.sqlState)) {
      this.#endWith(rule);
      return;
    }
    if (rule.atCommit && this.#status === "T") this.#ask(query("ROLLBACK"), false);
    const [state, message] = [rule.sqlState, messageOf(rule)].map((text) => pg.escapeLiteral(text));
    this.#ask(
      query(`DO $wire$ BEGIN RAISE EXCEPTION USING ERRCODE = ${state}, MESSAGE = ${message}; END $wire$`),
      true,
    );
  }

  #endWith(rule: AnswerRule): void {
    const fields = `SFATAL\0VFATAL\0C${rule.sqlState}\0M${messageOf(rule)}\0\0`;
    this.#client.end(framed("E", fields));
    this.#server.destroy();
  }

  #fromServer(message: Buffer): boolean {
    const type = String.fromCharCode(message[0] ?? 0);
    const isTold = this.#asked[0]?.isTold ?? true;
    if (this.#drop && type === "E") this.#drop.hasFailed = true;
    if (isTold && this.#drop) this.#drop.held.push(message);
    else if (isTold) this.#tell(message);
    if (type === "Z") this.#answered(String.fromCharCode(message[5] ?? 0));
    return true;
  }

  #answered(status: string): void {
    this.#asked.shift();
    this.#status = status;
    if (status === "I") this.#transaction = [];
    if (this.#drop) {
      const { rule, held, hasFailed } = this.#drop;
      // A rollback, too, ends with a command that is complete.
      const isCommitted = status === "I" && !hasFailed && !held.some(isRollback);
      if (isCommitted) {
        this.#drop = undefined;
        this.#end();
        return;
      }
      for (const message of held.splice(0)) this.#tell(message);
      if (status === "I") {
        if (rule.times !== undefined) rule.times++;
        this.#drop = undefined;
      }
    }
    this.#askNext();
  }

  #tell(message: Buffer): void {
    if (!this.#client.write(message)) this.#server.pause();
  }

  #take<Rule extends StatementRule>(rules: Set<Rule>, fits: (rule: Rule) => boolean): Rule | undefined {
    for (const rule of rules) {
      if (rule.times === 0 || !fits(rule)) continue;
      if (rule.times !== undefined) rule.times--;
      return rule;
    }
    return undefined;
  }

  #end(): void {
    // What was not committed was not dropped.
    if (this.#drop?.rule.times !== undefined) this.#drop.rule.times++;
    this.#drop = undefined;
    // An error that was written last is still to arrive.
    this.#client.destroySoon();
    this.#server.destroy();
  }
}

const sslRequest = 80877103;
const gssRequest = 80877104;

/** A CommandComplete that says so. */
function isRollback(message: Buffer): boolean {
  return message[0] === 0x43 && message.toString("utf8", 5).startsWith("ROLLBACK");
}

function messageOf({ message, sqlState }: AnswerRule): string {
  return message ?? `The test has chosen ${sqlState}.`;
}

function query(text: string): Buffer {
  return framed("Q", `${text}\0`);
}

function framed(type: string, body: string): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

/**
 * Takes bytes as they come, and hands on whole messages.
 * @param isTyped whether the first begins with its type, as all do but those that open a connection
 * @param onMessage says whether the next one does
 */
function framing(isTyped: boolean, onMessage: (message: Buffer) => boolean): (bytes: Buffer) => void {
  let [rest, typed]: [Buffer, boolean] = [Buffer.alloc(0), isTyped];
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (;;) {
      const head = typed ? 1 : 0;
      if (rest.length < head + 4) return;
      const end = head + rest.readInt32BE(head);
      if (rest.length < end) return;
      const message = rest.subarray(0, end);
      rest = rest.subarray(end);
      typed = onMessage(message);
    }
  };
}
