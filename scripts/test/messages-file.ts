import { writeFileSync } from "node:fs";
import { stringify } from "csv-stringify/sync";

/** A row of a file of fan messages, and what is to become of it. */
export interface MessageRow {
  creator_id: string;
  fan_id: string;
  sent_at: string;
  text: string;
  /** Not for Understudy: other columns are ignored. */
  label: string;
  /** Why it is never submitted. */
  fault?: "empty_text" | "invalid_fan_id";
}

/** In every second of the ordinary messages, for a rule of the emulator to match. */
export const SLOW_WORDS = "no hurry";

const ODD_TEXTS = [
  'She said "hi", and then "bye"',
  "first line\nsecond line",
  "first line\r\nsecond line",
  "🎉👩‍👩‍👧 ¡Qué bonito! مرحبا",
  "=SUM(A1:A9)",
  "@you, when is the next one?",
  "-1 for the sound, +1 for the song",
  " ",
];

/** 60 messages to three creators: what fans write, and what breaks naive CSV. */
export function messageRows(): MessageRow[] {
  const ordinary = Array.from({ length: 50 }, (_, index) =>
    index % 2 === 0
      ? `I played song ${index} all day!`
      : `Will you sing song ${index} again? There is ${SLOW_WORDS}.`,
  );
  const rows = [...ordinary, ...ODD_TEXTS, ""].map((text, index): MessageRow => {
    const row = {
      creator_id: `star_${index % 3}`,
      fan_id: `fan_${index % 7}`,
      sent_at: index % 4 === 0 ? "" : "2026-11-01T12:00:00",
      text,
      label: "ham",
    };
    return text.trim() === "" ? { ...row, fault: "empty_text" } : row;
  });
  const stranger = { creator_id: "star_0", fan_id: "a fan!", sent_at: "", text: "Hello?", label: "ham" };
  return [...rows, { ...stranger, fault: "invalid_fan_id" }];
}

/** As a spreadsheet saves it: with a byte order mark, each line ended by CRLF. */
export function writeMessages(path: string, rows: readonly MessageRow[]): void {
  const columns = ["label", "creator_id", "fan_id", "sent_at", "text"];
  writeFileSync(
    path,
    stringify([...rows], { bom: true, header: true, columns, record_delimiter: "windows" }),
  );
}
