import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A network that can be broken. It stands before a server, as a balancer or a failover's address does. */
export interface Link {
  port: number;
  /** Where connections that come from now on lead; those that are there stay where they are. */
  leadTo(port: number): void;
  /** All is as usual again, and what is held is let through. */
  pass(): void;
  /** Resets new connections at once, and cuts those that are there. */
  refuse(): void;
  /** Passes nothing on until `pass`, and loses nothing; new connections are taken, and wait as well. */
  hold(): void;
  /** Makes black holes of the connections that are there: nothing passes, nobody is told. New ones pass. */
  swallow(): void;
  /** Everything comes so much later in either direction, in order; 0 ends it. */
  delay(ms: number): void;
  /** Ends all connections, as a server's crash does. */
  cut(): void;
  close(): Promise<void>;
}

/** How a link is at the moment; one for all its connections. */
interface Condition {
  mode: "pass" | "refuse" | "hold";
  delayMs: number;
}

/** Listens on 127.0.0.1, on a free port. @param targetPort 0: leads nowhere yet */
export async function startLink(targetPort = 0): Promise<Link> {
  let target = targetPort;
  const condition: Condition = { mode: "pass", delayMs: 0 };
  const connections = new Set<Connection>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    if (condition.mode === "refuse") return void client.resetAndDestroy();
    const connection = new Connection(client, () => target, condition);
    connections.add(connection);
    connection.onEnd = () => connections.delete(connection);
    connection.go();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  function become(mode: Condition["mode"], delayMs: number): void {
    Object.assign(condition, { mode, delayMs });
    for (const connection of connections) connection.go();
  }
  function cut(): void {
    for (const connection of connections) connection.cut();
  }
  return {
    port: (server.address() as AddressInfo).port,
    leadTo(port) {
      target = port;
    },
    pass: () => become("pass", 0),
    refuse() {
      become("refuse", condition.delayMs);
      cut();
    },
    hold: () => become("hold", condition.delayMs),
    swallow() {
      for (const connection of connections) connection.swallow();
      become("pass", condition.delayMs);
    },
    delay: (ms) => become(condition.mode, ms),
    cut,
    async close() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}

/** Has a link stand before the server of a URL. @returns that URL through the link */
export function throughLink(link: Pick<Link, "port" | "leadTo">, url: string): string {
  const through = new URL(url);
  link.leadTo(Number(through.port));
  through.port = String(link.port);
  return through.href;
}

class Connection {
  onEnd: () => void = () => {};
  readonly #client: Socket;
  readonly #target: () => number;
  readonly #condition: Condition;
  /** Undefined until the link passes for the first time. */
  #ways: [Way, Way] | undefined;
  #isSwallowed = false;

  constructor(client: Socket, target: () => number, condition: Condition) {
    this.#client = client;
    this.#target = target;
    this.#condition = condition;
    client.on("error", () => {});
    client.on("close", () => this.#endedOne());
  }

  /** Does what the link's condition allows by now. */
  go(): void {
    if (this.#isSwallowed) return;
    if (!this.#ways && this.#condition.mode === "pass") {
      const server = connect({ port: this.#target(), host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
      server.on("error", () => {});
      server.on("close", () => this.#endedOne());
      this.#ways = [
        new Way(this.#client, server, this.#condition),
        new Way(server, this.#client, this.#condition),
      ];
    }
    for (const way of this.#ways ?? []) way.go();
  }

  swallow(): void {
    this.#isSwallowed = true;
    for (const way of this.#ways ?? []) way.swallow();
    // One that leads nowhere yet.
    this.#client.resume();
  }

  cut(): void {
    for (const way of this.#ways ?? []) way.swallow();
    for (const socket of this.#sockets()) socket.destroy();
  }

  #endedOne(): void {
    if (this.#sockets().every((socket) => socket.closed)) this.onEnd();
  }

  #sockets(): Socket[] {
    return this.#ways?.map((way) => way.from) ?? [this.#client];
  }
}

/** What waits in one direction; beyond it the sender has to wait, too. */
const waitingBytesMax = 1_048_576;

/** One direction of a connection. */
class Way {
  readonly from: Socket;
  readonly #to: Socket;
  readonly #condition: Condition;
  /** In order: bytes, or what becomes of the other side. */
  #waiting: { what: Buffer | (() => void); cameAt: number }[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isSwallowed = false;

  constructor(from: Socket, to: Socket, condition: Condition) {
    this.from = from;
    this.#to = to;
    this.#condition = condition;
    from.on("data", (bytes) => this.#came(bytes));
    from.on("end", () => this.#came(() => to.end()));
    from.on("close", (hadError) => {
      this.#came(() => (hadError ? to.resetAndDestroy() : to.destroySoon()));
    });
    to.on("drain", () => this.go());
  }

  /** Passes on what may go by now, and reads more if there is room for it. */
  go(): void {
    clearTimeout(this.#timer);
    if (this.#isSwallowed) return;
    const { mode, delayMs } = this.#condition;
    if (mode === "hold") return void this.from.pause();
    const now = performance.now();
    let next = this.#waiting[0];
    for (; next && next.cameAt + delayMs <= now; next = this.#waiting[0]) {
      this.#waiting.shift();
      if (typeof next.what === "function") {
        next.what();
      } else {
        this.#waitingBytes -= next.what.length;
        this.#to.write(next.what);
      }
    }
    if (next) this.#timer = setTimeout(() => this.go(), Math.ceil(next.cameAt + delayMs - now));
    const isFull = this.#waitingBytes > waitingBytesMax || this.#to.writableNeedDrain;
    isFull ? this.from.pause() : this.from.resume();
  }

  swallow(): void {
    this.#isSwallowed = true;
    this.#waiting = [];
    clearTimeout(this.#timer);
    this.from.resume();
  }

  #came(what: Buffer | (() => void)): void {
    if (this.#isSwallowed) return;
    this.#waiting.push({ what, cameAt: performance.now() });
    if (typeof what !== "function") this.#waitingBytes += what.length;
    this.go();
  }
}
