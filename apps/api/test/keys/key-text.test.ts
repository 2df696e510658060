import { describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { hashSecret, isSameHash, keyBeginning, newKeySecret, parseKeyText } from "../../src/keys/key-text.ts";

const id = newId("key");

describe("the text of a key", () => {
  it("names its environment, its row, and a secret of 256 bits", () => {
    for (const environment of ["live", "test"] as const) {
      const secret = newKeySecret();
      expect(Buffer.from(secret, "base64url")).toHaveLength(32);
      expect(parseKeyText(keyBeginning(environment, id) + secret)).toEqual({ environment, id, secret });
    }
  });

  it.each(["", "us_live_", `us_prod_${id.slice(4)}_${"a".repeat(43)}`, `us_live_${id}_${"a".repeat(43)}`])(
    "can't be %s",
    (text) => expect(parseKeyText(text)).toBeUndefined(),
  );

  it("has a checksum, by which one that is cut, mistyped or made up is none", () => {
    const secret = newKeySecret();
    const text = keyBeginning("live", id) + secret;
    expect(text).toMatch(/^us_live_[0-9A-Z]{33}_[\w-]{43}$/);
    const at = "us_live_".length;
    for (const place of [at, at + 25, at + 26, at + 32]) {
      const other = text[place] === "7" ? "8" : "7";
      expect(parseKeyText(text.slice(0, place) + other + text.slice(place + 1))).toBeUndefined();
    }
    // Made before keys had one.
    expect(parseKeyText(`us_live_${id.slice(4)}_${secret}`)).toEqual({ environment: "live", id, secret });
  });

  it("is told by the hash of its secret", () => {
    const secret = newKeySecret();
    expect(isSameHash(hashSecret(secret), hashSecret(secret))).toBe(true);
    expect(isSameHash(hashSecret(secret), hashSecret(newKeySecret()))).toBe(false);
  });
});
