/** Characters that turn the order of what follows around, so that a text reads otherwise than it is (Trojan Source). */
const turning = /[\u202a-\u202e\u2066-\u2069]/g;

/** Parses what the API sends, with such characters shown by their names: nobody is led to read what is not there. */
export function parseVisibly(json: string): unknown {
  return JSON.parse(json, (_, value) => (typeof value === "string" ? value.replace(turning, named) : value));
}

function named(character: string): string {
  return `⟨U+${character.charCodeAt(0).toString(16).toUpperCase()}⟩`;
}
