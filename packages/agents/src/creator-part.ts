import { type CreatorProfile, partBytes } from "@understudy/contracts";
import { firstWithin } from "./budget.ts";
import { contained, partBytesMax, wrapped } from "./fan-text.ts";

const label = "creator_profile";

const textBytesMax = 4000;

/** Most that the part adds to a prompt's upper bound: where the profile is known, what it does add. */
export function creatorPartBytesMax(profile?: CreatorProfile): number {
  if (!profile) return partBytesMax(label, textBytesMax);
  return creatorPart(profile).reduce((sum, part) => sum + partBytes(part), 0);
}

/** Worded once: each step of a job has the same. */
const worded = new WeakMap<CreatorProfile, readonly string[]>();

/** Whose voice it is to be; none where nobody has said. */
export function creatorPart(profile: CreatorProfile): readonly string[] {
  const part = worded.get(profile) ?? wordedFrom(profile);
  worded.set(profile, part);
  return part;
}

function wordedFrom(profile: CreatorProfile): string[] {
  const {
    displayName,
    voice,
    dos = [],
    donts = [],
    languages = [],
    prices = {},
    sampleReplies = [],
  } = profile;
  const lines = [
    ...(displayName ? [`name: ${line(displayName)}`] : []),
    ...(languages.length > 0 ? [`languages: ${line(languages.join(", "))}`] : []),
    ...(voice ? [`voice: ${line(voice)}`] : []),
    ...donts.map((dont) => `never: ${line(dont)}`),
    ...dos.map((does) => `always: ${line(does)}`),
    ...Object.entries(prices).map(([name, usd]) => `price: ${line(name)} $${usd}`),
    ...sampleReplies.map((reply) => `sounds like: ${line(reply)}`),
  ];
  if (lines.length === 0) return [];
  return [wrapped(label, firstWithin(lines, textBytesMax).join("\n"))];
}

function line(text: string): string {
  return contained(text).replace(/\s+/g, " ").trim();
}
