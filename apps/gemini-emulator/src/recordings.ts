import { z } from "zod";
import type { Faults } from "./deliver.ts";
import { headerFault, lowerCaseNames, MatchList, matchSchema, milliseconds, times } from "./match-list.ts";
import { hasCounts, latest, NOTHING, readSaid, type Said, tierIn } from "./usage.ts";
import { type Answer, JSON_TYPE, type Piece } from "./wire.ts";

/** Of the connection or the recorder, and made anew: bodies are kept as text, with no length and not compressed. */
const CONNECTIONS_OWN = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "keep-alive",
  "transfer-encoding",
]);

const headers = z
  .record(z.string(), z.string())
  .superRefine((values, context) => {
    for (const [name, value] of Object.entries(values)) {
      const fault = headerFault(name, value);
      if (fault) context.addIssue({ code: "custom", path: [name], message: fault });
    }
  })
  .transform((values) =>
    Object.fromEntries(Object.entries(lowerCaseNames(values)).filter(([name]) => !CONNECTIONS_OWN.has(name))),
  );

const exchangeSchema = z
  .strictObject({
    status: z.int().min(200).max(599),
    headers: headers.default({}),
    /** As it came over the wire; what is no text is sent as JSON. */
    body: z
      .unknown()
      .transform((body) => (typeof body === "string" ? body : JSON.stringify(body)))
      .optional(),
    /** The body in the pieces in which it is sent. */
    chunks: z.array(z.string()).min(1).max(100_000).optional(),
    /** Between chunks, or between the events of a body that is a stream. */
    chunkDelayMs: milliseconds.optional(),
    /** The connection breaks after so many bytes of the body. */
    cutAfterBytes: z.int().min(0).optional(),
  })
  .refine(({ body, chunks }) => (body === undefined) !== (chunks === undefined), {
    message: "needs either a body or chunks",
  });

const recordingSchema = z.strictObject({ match: matchSchema.default({}), exchange: exchangeSchema, times });

type Exchange = z.infer<typeof exchangeSchema>;

/** A recorded answer, ready to be sent. */
export interface Recording {
  answer: Answer;
  headers: Record<string, string>;
  faults: Faults;
  modelVersion: string | null;
  serviceTier: string;
}

/** Real answers that go out as they stand, whatever is asked. */
export class Recordings extends MatchList<Recording> {
  /** @returns null when the recording was added, else what is wrong with it, in words for people */
  addJson(json: unknown): string | null {
    const parsed = recordingSchema.safeParse(json);
    if (!parsed.success) return z.prettifyError(parsed.error);
    const { match, exchange, times } = parsed.data;
    this.add(match, readRecording(exchange), times);
    return null;
  }
}

function readRecording(exchange: Exchange): Recording {
  const { status, headers, chunks, body = "", chunkDelayMs, cutAfterBytes } = exchange;
  const isStream = chunks !== undefined || (headers["content-type"] ?? "").startsWith("text/event-stream");
  const whole = chunks?.join("") ?? body;
  const said = readText(whole);
  const charged = ({ usage }: Said) => (status < 300 && hasCounts(usage) ? usage : null);
  const pieces = isStream ? withUsage(chunks ?? events(body), charged) : [{ data: whole, usage: null }];
  pieces.splice(-1, 1, { data: pieces.at(-1)?.data ?? "", usage: charged(said) });
  const cut =
    cutAfterBytes === undefined ? undefined : Buffer.from(whole).subarray(0, cutAfterBytes).toString();
  return {
    answer: {
      status,
      contentType: headers["content-type"] ?? JSON_TYPE,
      pieces,
      usageAtStart: isStream ? null : charged(said),
      ...(isStream && cut !== undefined && { usageWhenCut: charged(readText(cut)) }),
    },
    headers,
    faults: {
      chunkDelayMs,
      closeAfterBytes: cutAfterBytes,
      breaksOff: isStream && cutAfterBytes !== undefined && cutAfterBytes <= Buffer.byteLength(whole),
    },
    modelVersion: said.modelVersion,
    serviceTier: tierIn(said.usage) ?? headers["x-gemini-service-tier"]?.toLowerCase() ?? "standard",
  };
}

/** Each event with the blank line that ends it. */
function events(body: string): string[] {
  return body.split(/(?<=\r\n\r\n|\n\n|\r\r)/);
}

/** What may be read of the usage once a piece is there, is charged with it. */
function withUsage(chunks: readonly string[], charged: (said: Said) => Piece["usage"]): Piece[] {
  const reader = new EventReader();
  return chunks.map((data) => ({ data, usage: charged(reader.read(data)) }));
}

/** Reads a body as JSON, or as server-sent events; usage is the last that names a count. */
function readText(text: string): Said {
  const json = parse(text);
  return json === undefined ? new EventReader().read(`${text}\n`) : readSaid(json);
}

/** Server-sent events as they come in, in pieces of any size. Each of Gemini's has its JSON in one line. */
class EventReader {
  private said = NOTHING;
  private line = "";

  read(text: string): Said {
    const lines = text.split(/\r\n|\n|\r/);
    const last = lines.pop() ?? "";
    for (const rest of lines) {
      this.take(this.line + rest);
      this.line = "";
    }
    this.line += last;
    return this.said;
  }

  private take(line: string): void {
    if (line.startsWith("data:")) this.said = latest(this.said, readSaid(parse(line.slice(5))));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
