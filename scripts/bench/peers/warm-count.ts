import { performance } from "node:perf_hooks";
import { cpuTimeUs } from "../cpu-time.ts";
import { tellBench } from "./peer.ts";

/** Counts the jobs that a peer has done, and tells the bench what those after the warm-up took. */
export class WarmCount {
  readonly #jobs: number;
  readonly #warmUpJobs: number;
  readonly #redisPid: number;
  #done = 0;
  #warm = { at: 0, nodeUs: 0, redisUs: 0 };

  constructor({ jobs, warmUpJobs, redisPid }: { jobs: number; warmUpJobs: number; redisPid: number }) {
    this.#jobs = jobs;
    this.#warmUpJobs = warmUpJobs;
    this.#redisPid = redisPid;
  }

  /** @returns whether it was the last */
  add(): boolean {
    this.#done += 1;
    if (this.#done === this.#warmUpJobs) this.#warm = this.#now();
    if (this.#done < this.#jobs) return false;
    const counted = this.#jobs - this.#warmUpJobs;
    const now = this.#now();
    tellBench({
      jobsPerSecond: counted / ((now.at - this.#warm.at) / 1000),
      nodeUs: (now.nodeUs - this.#warm.nodeUs) / counted,
      redisUs: (now.redisUs - this.#warm.redisUs) / counted,
    });
    return true;
  }

  /** NaN where the platform does not tell. */
  #now() {
    const us = (pid: number) => cpuTimeUs(pid) ?? Number.NaN;
    return { at: performance.now(), nodeUs: us(process.pid), redisUs: us(this.#redisPid) };
  }
}
