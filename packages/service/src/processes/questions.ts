/** One end of an IPC channel: `process` of a child, or a child as its parent has it. */
interface Channel {
  send?(message: object, handle: undefined, options: undefined, sent: () => void): boolean;
  on(event: "message", listener: (message: unknown) => void): unknown;
}

type Message = { asks: { id: number; question: string } } | { answers: { id: number; answer: unknown } };

/** What is answered at this end, by the question's name. A rejection is no answer. */
export type Answers = Map<string, () => unknown>;

/** Questions over an IPC channel, and their answers: what JSON can say. */
export class Questions {
  readonly #channel: Channel;
  readonly #answers: Answers;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #asked = 0;

  constructor(channel: Channel, answers: Answers) {
    this.#channel = channel;
    this.#answers = answers;
    channel.on("message", (message) => void this.#hear(message as Message));
  }

  /** @returns undefined where there is no answer in time */
  async ask(question: string, timeoutMs: number): Promise<unknown> {
    const id = this.#asked++;
    let late: NodeJS.Timeout | undefined;
    const answered = new Promise<unknown>((resolve) => {
      this.#waiting.set(id, resolve);
      late = setTimeout(resolve, timeoutMs);
    });
    this.#send({ asks: { id, question } });
    const answer = await answered;
    clearTimeout(late);
    this.#waiting.delete(id);
    return answer;
  }

  async #hear(message: Message): Promise<void> {
    if ("answers" in message) this.#waiting.get(message.answers.id)?.(message.answers.answer);
    if (!("asks" in message)) return;
    const { id, question } = message.asks;
    try {
      this.#send({ answers: { id, answer: await this.#answers.get(question)?.() } });
    } catch {
      this.#send({ answers: { id, answer: undefined } });
    }
  }

  /** Whoever is gone need not hear it. */
  #send(message: Message): void {
    this.#channel.send?.(message, undefined, undefined, () => {});
  }
}
