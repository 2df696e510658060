import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { type Socket, Server as TcpServer } from "node:net";

/** How long nothing must have happened on a connection that is closed: a request may be on its way. */
const idleMs = 500;

/** How often those are looked for. */
const lookMs = 50;

interface Connection {
  /** What was asked on it and is not answered in full, in its order. */
  answers: Set<ServerResponse>;
  /** Which of them was told to be the last. */
  closing?: ServerResponse;
  /** How much had been read from it when it was last without one: more is the beginning of a request. */
  readBytes: number;
  idleSince: number;
}

/**
 * The connections of an HTTP server, known from their beginning so that it can stop without cutting anybody
 * off. Node's own `close()` destroys idle connections at once, also where a request is on its way or an
 * answer is still being read, and waits for ever for those that are silent or busy.
 */
export class ServerConnections {
  readonly #server: Server;
  readonly #open = new Map<Socket, Connection>();
  #isDraining = false;

  /** @param server one that does not listen yet */
  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#open.set(socket, { answers: new Set(), readBytes: 0, idleSince: performance.now() });
      socket.once("close", () => this.#open.delete(socket));
    });
    // Before the handler, which may answer at once.
    server.prependListener("request", (request, response) => this.#watch(request, response));
  }

  /** From now on the last answer on each connection says that it closes. */
  drain(): void {
    this.#isDraining = true;
    for (const connection of this.#open.values()) {
      const last = [...connection.answers].at(-1);
      if (last) closeAfter(connection, last);
    }
  }

  /**
   * Takes no more connections, ends each once nothing is under way on it, and resolves when none is left.
   * @param graceMs how long what is under way may take before it is cut off
   */
  async close(graceMs: number): Promise<void> {
    this.drain();
    const closed = once(this.#server, "close");
    const looking = setInterval(() => setImmediate(() => this.#closeIdle()), lookMs);
    const forcing = setTimeout(() => {
      for (const socket of this.#open.keys()) socket.destroy();
    }, graceMs);
    // Once this turn has accepted what stands in the kernel's queue, which is reset with the listener. Not by
    // the HTTP server's own close(), which would destroy idle connections.
    setImmediate(() => TcpServer.prototype.close.call(this.#server));
    await closed;
    clearInterval(looking);
    clearTimeout(forcing);
  }

  #watch({ socket }: IncomingMessage, answer: ServerResponse): void {
    const connection = this.#open.get(socket);
    if (!connection) return;
    if (this.#isDraining) closeAfter(connection, answer);
    connection.answers.add(answer);
    answer.once("close", () => {
      connection.answers.delete(answer);
      connection.readBytes = socket.bytesRead;
      connection.idleSince = performance.now();
    });
  }

  /** In the turn's last phase: what has come in it is known. */
  #closeIdle(): void {
    const since = performance.now() - idleMs;
    for (const [socket, { answers, readBytes, idleSince }] of this.#open)
      if (answers.size === 0 && socket.bytesRead === readBytes && idleSince < since) socket.destroy();
  }
}

/** Node closes a connection after the answer that says so, whatever is asked behind it: no other may. */
function closeAfter(connection: Connection, last: ServerResponse): void {
  if (!last.shouldKeepAlive) return;
  if (connection.closing) connection.closing.shouldKeepAlive = true;
  last.shouldKeepAlive = false;
  connection.closing = last;
}
