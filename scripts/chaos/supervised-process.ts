import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Link,
  type PostgresWire,
  type ProcessClock,
  type ServiceProcess,
  spawnService,
} from "@understudy/testkit";

/** The ways from one process to the services that it needs. */
export interface ProcessLinks {
  postgres: PostgresWire;
  redis: Link;
  gemini: Link;
}

interface SupervisedOptions {
  app: "api" | "worker";
  name: string;
  environment: Record<string, string>;
  links: ProcessLinks;
  /** Its own, where the machine has libfaketime. */
  clock: ProcessClock | undefined;
  /** All that it prints is kept there. */
  logFile: string;
  /** Told of what nobody has asked it to do. */
  onViolation: (violation: string) => void;
}

/** Before one that ended by itself is started again, as an orchestrator does. */
const startPauseMs = 1_000;

/** How long a point of a job's way is waited for. */
const atPointMsMax = 10_000;
const lookMs = 50;
const thawLooks = 4;

/** As orchestrators give at least: past this a stop has failed. */
const stopMsMax = 30_000;

/** One API or worker, which is kept running as an orchestrator keeps it. */
export class SupervisedProcess {
  readonly name: string;
  readonly links: ProcessLinks;
  /** What it printed when it last ended. */
  lastWords = "";
  readonly #options: SupervisedOptions;
  readonly #startedAt = performance.now();
  readonly #counting = setInterval(() => this.#count(), 1_000).unref();
  readonly #logBytes: number[] = [];
  /** What children that have ended had printed. */
  #keptBytes = 0;
  #countedBytes = 0;
  readonly #closing = new AbortController();
  #child: ServiceProcess | undefined;
  #isWanted = false;
  #starting: Promise<void> | undefined;

  constructor(options: SupervisedOptions) {
    this.#options = options;
    this.name = options.name;
    this.links = options.links;
    writeFileSync(options.logFile, "");
  }

  /** Starts it, and again until it is ready: while a service is away it may end at once. */
  start(): Promise<void> {
    this.#isWanted = !this.#closing.signal.aborted;
    this.#starting ??= this.#startUntilReady().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #startUntilReady(): Promise<void> {
    const { app, environment, clock } = this.#options;
    const { signal } = this.#closing;
    while (this.#isWanted && !this.#child) {
      try {
        const child = await spawnService(app, { ...environment, ...clock?.environment }, undefined, signal);
        this.#child = child;
        void child.ended.then((how) => this.#onEnded(child, how));
      } catch (error) {
        this.#keep(String(error));
        await sleep(startPauseMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  #onEnded(child: ServiceProcess, how: number | NodeJS.Signals): void {
    this.#keep(child.output());
    if (this.#child !== child) return;
    this.#child = undefined;
    if (!this.#isWanted) return;
    this.#options.onViolation(`X: ${this.name} ended by itself with ${how}`);
    void this.start();
  }

  isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** kill -9. It stays down. */
  async kill(): Promise<void> {
    const child = this.#letGo();
    await child?.kill();
  }

  /** SIGTERM. It stays down. @returns how it has ended, in words, where that was not with exit code 0 */
  async stop(): Promise<string | undefined> {
    const child = this.#letGo();
    if (!child) return undefined;
    const startedAt = performance.now();
    const timer = setTimeout(() => child.signal("SIGKILL"), stopMsMax);
    child.signal("SIGCONT");
    await child.stop();
    clearTimeout(timer);
    const how = await child.ended;
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    return how === 0 ? undefined : `${this.name} was told to stop and ended with ${how} after ${seconds} s`;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.signal(signal);
  }

  /**
   * Has it killed where the nth job from now on comes to a point of its way, in 10 s at most. It stays down.
   */
  async killAt(point: string, nth: number, signal: AbortSignal): Promise<void> {
    const child = this.#letGo();
    if (!child) return;
    child.tell({ pauseAt: point, signal: "SIGKILL", nth });
    await Promise.race([child.ended, sleep(atPointMsMax, undefined, { signal }).catch(() => {})]);
    await child.kill();
    const how = await child.ended;
    if (how !== "SIGKILL") this.#options.onViolation(`X: ${this.name} ended by itself with ${how}`);
  }

  /** The same with SIGSTOP, until `thaw`. */
  async freezeAt(point: string, nth: number, signal: AbortSignal): Promise<void> {
    this.#child?.tell({ pauseAt: point, signal: "SIGSTOP", nth });
    const until = performance.now() + atPointMsMax;
    while (!this.#isFrozen() && performance.now() < until && !signal.aborted)
      await sleep(lookMs, undefined, { signal }).catch(() => {});
    this.signal("SIGSTOP");
  }

  /** Lets it go on. What was to stop it at a point may do so once more, before it hears that it is not to. */
  async thaw(): Promise<void> {
    this.#child?.tell({ forget: true });
    for (let looks = 0; looks < thawLooks; looks++) {
      this.signal("SIGCONT");
      await sleep(lookMs);
    }
  }

  /** As /proc tells; false where there is none. */
  #isFrozen(): boolean {
    try {
      return /\) [Tt] /.test(readFileSync(`/proc/${this.#child?.pid}/stat`, "utf8"));
    } catch {
      return false;
    }
  }

  /** All that it printed. */
  log(): string {
    return readFileSync(this.#options.logFile, "utf8") + (this.#child?.output() ?? "");
  }

  setClock(skewMs: number): void {
    this.#options.clock?.set(skewMs);
  }

  /** Bytes that it printed, by minute of the run. */
  logBytes(): number[] {
    this.#count();
    return Array.from(this.#logBytes, (bytes = 0) => bytes);
  }

  #count(): void {
    const minute = Math.floor((performance.now() - this.#startedAt) / 60_000);
    const bytes = this.#keptBytes + Buffer.byteLength(this.#child?.output() ?? "");
    this.#logBytes[minute] = (this.#logBytes[minute] ?? 0) + bytes - this.#countedBytes;
    this.#countedBytes = bytes;
  }

  /** Ends it and its links. */
  async close(): Promise<void> {
    this.#isWanted = false;
    clearInterval(this.#counting);
    this.#closing.abort();
    await this.#starting;
    await this.stop();
    await Promise.all(Object.values(this.links).map((link) => link.close()));
    await this.#options.clock?.remove();
  }

  #letGo(): ServiceProcess | undefined {
    this.#isWanted = false;
    const child = this.#child;
    this.#child = undefined;
    return child;
  }

  #keep(output: string): void {
    this.#keptBytes += Buffer.byteLength(output);
    this.lastWords = output;
    appendFileSync(this.#options.logFile, output.endsWith("\n") ? output : `${output}\n`);
  }
}
