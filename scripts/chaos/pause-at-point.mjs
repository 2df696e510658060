// Loaded into each worker of a chaos run before its own code: stops or kills it exactly at a point of a job's
// way. The launcher's message {pauseAt: point, signal, nth} is for the nth job that comes there from now on;
// {forget: true} takes all such messages back.
import { subscribe } from "node:diagnostics_channel";

const waiting = [];

process.on("message", (message) => {
  if (message?.pauseAt !== undefined) waiting.push({ ...message });
  if (message?.forget) waiting.length = 0;
});

subscribe("understudy:job-point", (point) => {
  const index = waiting.findIndex((one) => one.pauseAt === point && --one.nth <= 0);
  if (index === -1) return;
  const [{ signal }] = waiting.splice(index, 1);
  // Nothing else runs in this process from here on: a signal to oneself is there before kill() returns.
  process.kill(process.pid, signal);
});
