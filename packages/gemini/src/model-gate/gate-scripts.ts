import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";
import { z } from "zod";

/** What a script tells of a model beside its own answer; see model-state.lua. */
export interface ModelReport {
  /** µs since 1970 by the clock of Redis: the newer of two reports has the larger. */
  version: number;
  /** How long it is still paused. */
  pausedMs: number;
  /** How often in a row the breaker has opened; 1 at least after 429s in a row. 0: calls need not ask. */
  opens: number;
  /** How long answered calls are to be reported as well. */
  watchedMs: number;
}

/** Changes of all models are announced here. */
export const newsChannel = "understudy:model-news";

const report = [z.int(), z.int().min(0), z.int().min(0), z.int().min(0)] as const;
const admitReply = z.tuple([
  z.enum(["go", "paused", "breaker", "rate"]),
  z.int(),
  z.int(),
  z.int(),
  ...report,
]);
const endReply = z.tuple([z.enum(["", "opened", "closed"]), z.int(), ...report]);
const pauseReply = z.tuple([z.int(), ...report]);
const announcement = z.tuple([z.string().min(1), ...report]);

function toReport([version, pausedMs, opens, watchedMs]: [number, number, number, number]): ModelReport {
  return { version, pausedMs, opens, watchedMs };
}

/** @returns undefined where the message is not one of ours */
export function readAnnouncement(message: string): { model: string; report: ModelReport } | undefined {
  const [name, ...numbers] = message.split(" ");
  const parsed = announcement.safeParse([name, ...numbers.map(Number)]);
  if (!parsed.success) return undefined;
  const [model, ...rest] = parsed.data;
  return { model, report: toReport(rest) };
}

type Argument = string | number;
type Command = (...keysAndArguments: Argument[]) => Promise<unknown>;
type Commands = Record<"modelGateAdmitCall" | "modelGateEndCall" | "modelGatePauseModel", Command>;

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");
const load = (name: string, numberOfKeys: number) => ({
  numberOfKeys,
  lua: `${read("./model-state.lua")}\n${read(`./${name}-${numberOfKeys}.lua`)}`,
});
const admitScript = load("admit-call", 2);
const endScript = load("end-call", 2);
const pauseScript = load("pause-model", 1);

/** The scripts of this folder, by name, on one connection. Their headers tell of the arguments. */
export class GateScripts {
  readonly #redis: Redis & Commands;

  constructor(redis: Redis) {
    redis.defineCommand("modelGateAdmitCall", admitScript);
    redis.defineCommand("modelGateEndCall", endScript);
    redis.defineCommand("modelGatePauseModel", pauseScript);
    this.#redis = redis as Redis & Commands;
  }

  async admitCall(model: string, ...args: Argument[]) {
    const reply = await this.#redis.modelGateAdmitCall(...keysOf(model), newsChannel, model, ...args);
    const [verdict, delayMs, bucket, probe, ...rest] = admitReply.parse(reply);
    return { verdict, delayMs, bucket, probe, report: toReport(rest) };
  }

  async endCall(model: string, ...args: Argument[]) {
    const reply = await this.#redis.modelGateEndCall(...keysOf(model), newsChannel, model, ...args);
    const [change, openMs, ...rest] = endReply.parse(reply);
    return { change, openMs, report: toReport(rest) };
  }

  async pauseModel(model: string, pauseMs: number, pauseMsMax: number) {
    const [stateKey] = keysOf(model);
    const reply = await this.#redis.modelGatePauseModel(stateKey, newsChannel, model, pauseMs, pauseMsMax);
    const [isLonger, ...rest] = pauseReply.parse(reply);
    return { isLonger: isLonger === 1, report: toReport(rest) };
  }
}

function keysOf(model: string): [state: string, window: string] {
  return [`understudy:{model-${model}}:state`, `understudy:{model-${model}}:window`];
}
