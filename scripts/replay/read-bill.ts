import { Pool } from "undici";
import { CommandError, reasonOf } from "../client/command-error.ts";
import type { BillCall } from "./reconcile.ts";

/**
 * Streams the entries of the emulator's bill. The bill is one JSON document that holds everything since the
 * emulator was first started (about 1 KB a call), and may well be longer than a JavaScript string can be.
 * @throws CommandError when the emulator doesn't answer
 */
export async function* readBill(emulatorUrl: string): AsyncGenerator<BillCall> {
  const { origin, pathname } = new URL(emulatorUrl);
  const pool = new Pool(origin, { connections: 1, headersTimeout: 120_000, bodyTimeout: 120_000 });
  try {
    const path = `${pathname.replace(/\/+$/, "")}/_emulator/bill`;
    const response = await pool.request({ method: "GET", path });
    if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}`);
    yield* listedObjects(decoded(response.body)) as AsyncGenerator<BillCall>;
  } catch (thrown) {
    throw new CommandError(`The emulator's bill can't be read from ${emulatorUrl}: ${reasonOf(thrown)}`, 1);
  } finally {
    await pool.destroy();
  }
}

async function* decoded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
}

/**
 * The objects in the arrays of a JSON document's top object: of `{"calls": [{…}, {…}], "totals": {…}}` the
 * calls, one by one.
 * @throws SyntaxError when the document ends early
 */
export async function* listedObjects(chunks: AsyncIterable<string>): AsyncGenerator<unknown> {
  // The brackets that are open, outermost first: an entry is what opens at "{[" and closes there again.
  const open: string[] = [];
  let inString = false;
  let escaped = false;
  let entry = "";
  for await (const chunk of chunks) {
    let begin = open.length >= 3 && open[1] === "[" ? 0 : -1;
    for (let at = 0; at < chunk.length; at++) {
      const char = chunk.charCodeAt(at);
      if (inString) {
        if (escaped) escaped = false;
        else if (char === 0x5c) escaped = true;
        else if (char === 0x22) inString = false;
      } else if (char === 0x22) {
        inString = true;
      } else if (char === 0x7b || char === 0x5b) {
        if (open.length === 2 && open[1] === "[") begin = at;
        open.push(char === 0x7b ? "{" : "[");
      } else if (char === 0x7d || char === 0x5d) {
        open.pop();
        if (open.length === 2 && open[1] === "[" && begin >= 0) {
          yield JSON.parse(entry + chunk.slice(begin, at + 1));
          entry = "";
          begin = -1;
        }
      }
    }
    if (begin >= 0) entry += chunk.slice(begin);
  }
  if (open.length > 0) throw new SyntaxError("it ended early");
}
