import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import type { Agent } from "@understudy/agents";
import type { Dispatcher } from "@understudy/queues";

/** An agent's queue in Bull Board. What waits in lanes is not in the queue: its description says how many do. */
export class AgentQueueAdapter extends BullMQAdapter {
  readonly #agent: Agent;
  readonly #dispatcher: Dispatcher;
  #waiting = 0;

  constructor(agent: Agent, dispatcher: Dispatcher, write: boolean) {
    super(dispatcher.queue(agent.name), { readOnlyMode: !write, displayName: agent.title });
    this.#agent = agent;
    this.#dispatcher = dispatcher;
  }

  /** A paused queue would keep what is released to it, and so all the room that there is for starting jobs. */
  override async pause(): Promise<void> {
    throw Object.assign(
      new Error("Lanes feed all agents' queues together: pause a creator, or stop all spending, instead."),
      { statusCode: 409 },
    );
  }

  /** Asked for with every page, before the description. */
  override async getJobCounts() {
    const lanes = this.#dispatcher.lanes;
    this.#waiting = await lanes.waitingOf(this.#agent.name).catch(() => this.#waiting);
    return super.getJobCounts();
  }

  override getDescription(): string {
    return `${this.#agent.summary} ${this.#waiting} more wait in their creators' lanes.`;
  }
}
