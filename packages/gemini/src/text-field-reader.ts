/** Escapes of one character. Source: RFC 8259, section 7. */
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/**
 * Reads one text field of a JSON object while the object is still being written, however it is cut into pieces:
 * what has come of the field is always the beginning of its final value, and no character is cut in half. Reads
 * each character once. Of what is no such JSON it reads nothing more; whether it is must be found out elsewhere.
 */
export class TextFieldReader {
  readonly #field: string;
  /** Open objects and arrays; -1: nothing more is to be read. */
  #depth = 0;
  /** A name comes next, not a value. */
  #expectsName = true;
  /** The last name of the outermost object. */
  #name = "";
  #string: "none" | "name" | "field" | "other" = "none";
  /** What has come of an escape sequence, the backslash included. */
  #escape = "";
  /** First half of a surrogate pair, kept until the second has come. */
  #highSurrogate = "";

  /** @param field a name of the outermost object */
  constructor(field: string) {
    this.#field = field;
  }

  /** @returns what the piece adds to the field's text */
  read(piece: string): string {
    let added = "";
    for (let at = 0; at < piece.length && this.#depth >= 0; at++) {
      const unit = piece.charAt(at);
      if (this.#string === "none") this.#readStructure(unit);
      else added += this.#readString(unit);
    }
    return added;
  }

  #readStructure(unit: string): void {
    if (/\s/.test(unit)) return;
    if (this.#depth === 0 && unit !== "{") {
      this.#depth = -1;
      return;
    }
    switch (unit) {
      case '"':
        this.#string = this.#stringKind();
        break;
      case "{":
      case "[":
        this.#depth++;
        break;
      case "}":
      case "]":
        if (--this.#depth === 0) this.#depth = -1;
        break;
      case ",":
        this.#expectsName = true;
        this.#name = "";
        break;
      case ":":
        this.#expectsName = false;
        break;
      default: // Numbers, true, false, null.
    }
  }

  #stringKind(): "name" | "field" | "other" {
    if (this.#depth > 1) return "other";
    if (this.#expectsName) return "name";
    return this.#name === this.#field ? "field" : "other";
  }

  /** @returns what the code unit adds to the field */
  #readString(unit: string): string {
    if (this.#escape !== "") return this.#readEscape(unit);
    if (unit === "\\") {
      this.#escape = unit;
      return "";
    }
    if (unit !== '"') return this.#take(unit);
    // Half a pair at the end of a text has no other half to wait for.
    const rest = this.#highSurrogate;
    this.#highSurrogate = "";
    // A field is read once, also where its name comes again.
    if (this.#string === "field") this.#depth = -1;
    this.#string = "none";
    return rest;
  }

  #readEscape(unit: string): string {
    this.#escape += unit;
    const [, kind = ""] = this.#escape;
    if (kind === "u" && this.#escape.length < 6) return "";
    const code = this.#escape.slice(2);
    const character = kind === "u" ? fromHex(code) : escapes[kind];
    this.#escape = "";
    if (character !== undefined) return this.#take(character);
    this.#depth = -1;
    return "";
  }

  #take(unit: string): string {
    if (this.#string === "name") this.#name += unit;
    if (this.#string !== "field") return "";
    const whole = this.#highSurrogate + unit;
    const isHigh = unit >= "\ud800" && unit <= "\udbff";
    this.#highSurrogate = isHigh ? unit : "";
    return isHigh ? whole.slice(0, -1) : whole;
  }
}

function fromHex(code: string): string | undefined {
  return /^[0-9a-f]{4}$/i.test(code) ? String.fromCharCode(Number.parseInt(code, 16)) : undefined;
}
