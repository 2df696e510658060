import { MultiBar, Presets, type SingleBar } from "cli-progress";

/** How far the run is. `total`: rows that are submitted. */
export interface Counts {
  total: number;
  accepted: number;
  ended: number;
  /** Why jobs wait, by the API's word, with how many of those asked last. */
  waitingFor: ReadonlyMap<string, number>;
}

const REDRAW_MS = 200;
const PLAIN_LINE_MS = 5_000;
/** The rate is that of the last while: a run speeds up and slows down. */
const RATE_WINDOW_MS = 15_000;

export interface Progress {
  stop(): void;
}

/** Shows the counts until it is stopped: bars on a terminal, else a plain line every few seconds. */
export function showProgress(
  read: () => Counts,
  output: NodeJS.WriteStream,
  lineMs = PLAIN_LINE_MS,
): Progress {
  return output.isTTY ? showBars(read) : showLines(read, output, lineMs);
}

function showLines(read: () => Counts, output: NodeJS.WriteStream, lineMs: number): Progress {
  const meter = new RateMeter();
  const print = (): void => {
    const counts = read();
    output.write(`${progressLine(counts, meter.rate(counts.ended))}\n`);
  };
  meter.rate(read().ended);
  const timer = setInterval(print, lineMs);
  return {
    stop() {
      clearInterval(timer);
      print();
    },
  };
}

function showBars(read: () => Counts): Progress {
  const bars = new MultiBar(
    {
      format: "{name} {bar} {value}/{total}  {rate}/s  {left}",
      hideCursor: true,
      clearOnComplete: false,
      // cli-progress would catch SIGINT itself and end the process before the summary.
      gracefulExit: false,
      emptyOnZero: true,
      fps: 1000 / REDRAW_MS,
    },
    Presets.shades_classic,
  );
  const accepted = bar(bars, "accepted", read().total);
  const ended = bar(bars, "ended   ", read().total);
  const draw = (): void => {
    const counts = read();
    accepted.show(counts.accepted, "");
    ended.show(counts.ended, waitText(counts.waitingFor));
  };
  const timer = setInterval(draw, REDRAW_MS);
  return {
    stop() {
      clearInterval(timer);
      draw();
      bars.stop();
    },
  };
}

function bar(bars: MultiBar, name: string, total: number): { show(value: number, note: string): void } {
  const meter = new RateMeter();
  const single: SingleBar = bars.create(total, 0, { name, rate: 0, left: "" });
  return {
    show(value, note) {
      const rate = meter.rate(value);
      single.update(value, { rate: rateText(rate), left: [timeLeft(total - value, rate), note].join("  ") });
    },
  };
}

/** `accepted 800/1586, ended 640 (160/s), about 6 s left` */
export function progressLine({ total, accepted, ended, waitingFor }: Counts, rate: number): string {
  const parts = [`accepted ${accepted}/${total}`, `ended ${ended} (${rateText(rate)}/s)`];
  return [...parts, timeLeft(total - ended, rate), waitText(waitingFor)]
    .filter((part) => part !== "")
    .join(", ");
}

/** @param rate a second */
export function timeLeft(count: number, rate: number): string {
  if (count <= 0 || rate <= 0) return "";
  const seconds = Math.ceil(count / rate);
  if (seconds < 120) return `about ${seconds} s left`;
  return seconds < 7200
    ? `about ${Math.round(seconds / 60)} min left`
    : `about ${Math.round(seconds / 3600)} h left`;
}

function rateText(rate: number): string {
  return rate >= 10 || rate === 0 ? rate.toFixed(0) : rate.toFixed(1);
}

function waitText(waitingFor: ReadonlyMap<string, number>): string {
  if (waitingFor.has("token")) return "waiting for the creators' buckets (see --rate-per-hour)";
  const [reason] = waitingFor.keys();
  return reason === undefined || reason === "worker" ? "" : `waiting for: ${reason}`;
}

class RateMeter {
  readonly #samples: { at: number; value: number }[] = [];

  /** Takes the value of now. @returns how much it rose a second, of late */
  rate(value: number, at = Date.now()): number {
    this.#samples.push({ at, value });
    while (this.#samples.length > 2 && at - (this.#samples[0]?.at ?? at) > RATE_WINDOW_MS)
      this.#samples.shift();
    const first = this.#samples[0];
    if (!first || at === first.at) return 0;
    return ((value - first.value) * 1000) / (at - first.at);
  }
}
