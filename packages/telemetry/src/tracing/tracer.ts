/** Values of a span's attributes. */
export type Attributes = Record<string, string | number | boolean | string[] | undefined>;

/** A piece of work in a trace. */
export interface TracedSpan {
  /** W3C trace context: what others name as the parent of theirs. */
  readonly traceparent: string;
  set(attributes: Attributes): void;
  /** What it turned out to be. */
  rename(name: string): void;
  /**
   * @param errorType where it failed: a word of few, such as `timeout`
   * @param at in ms since 1970; now unless given
   */
  end(errorType?: string, at?: number): void;
}

export interface SpanStart {
  name: string;
  kind: "server" | "client" | "consumer" | "internal";
  /** The span that it belongs under, in this process or by its traceparent; a trace of its own without. */
  parent?: TracedSpan | string | null | undefined;
  /** In ms since 1970; now unless given. */
  startedAt?: number;
  attributes?: Attributes;
}

/** Writes traces. Where tracing is off there is none. */
export interface Tracer {
  /** By the clock that all processes have in common, in ms since 1970: else a trace's spans would not fit. */
  now(): number;
  begin(span: SpanStart): TracedSpan;
  /** Sends what is left; waits for a few seconds at most. */
  close(): Promise<void>;
}
