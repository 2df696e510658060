import { describe, expect, it } from "@jest/globals";
import { newSecretsKeys, SecretBox, secretsKeys } from "../src/secret-box.ts";

const [one, two] = [newSecretsKeys(), newSecretsKeys().replace("k1", "k2")];
const boxOf = (text: string) => new SecretBox(secretsKeys.parse(text));

describe("a sealed secret", () => {
  it("is opened by whoever has its key, also behind a newer one", () => {
    const sealed = boxOf(one).seal("whsec_abc", "end_1");
    expect(sealed.keyId).toBe("k1");
    expect(Buffer.from(sealed.sealed).includes("whsec")).toBe(false);
    expect(boxOf(`${two},${one}`).open(sealed, "end_1")).toBe("whsec_abc");
    expect(boxOf(`${two},${one}`).seal("x", "end_1").keyId).toBe("k2");
  });

  it("differs each time", () => {
    const box = boxOf(one);
    expect(box.seal("same", "end_1").sealed).not.toEqual(box.seal("same", "end_1").sealed);
  });

  it("is not opened as another's, without its key, or after a change of any byte", () => {
    const box = boxOf(one);
    const { keyId, sealed } = box.seal("whsec_abc", "end_1");
    expect(() => box.open({ keyId, sealed }, "end_2")).toThrow();
    expect(() => boxOf(two).open({ keyId, sealed }, "end_1")).toThrow(/no key k1/);
    expect(() => boxOf(newSecretsKeys()).open({ keyId, sealed }, "end_1")).toThrow();
    for (const index of sealed.keys()) {
      const changed = sealed.map((byte, at) => (at === index ? byte ^ 1 : byte));
      expect(() => box.open({ keyId, sealed: changed }, "end_1")).toThrow();
    }
  });
});

describe("UNDERSTUDY_SECRETS_KEYS", () => {
  it.each(["", "k1", "k1:", "k1:c2hvcnQ=", `${one},${one}`, `${one},`, `k 1:${one.slice(3)}`])(
    "may not be %j",
    (text) => {
      const parsed = secretsKeys.safeParse(text);
      expect(parsed.success).toBe(false);
      expect(parsed.error?.message).not.toContain(one.slice(3));
    },
  );
});
