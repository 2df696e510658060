import { describe, expect, it } from "@jest/globals";
import { SecretBox, secretsKeys } from "@understudy/service";
import { Webhook } from "standardwebhooks";
import { createSigner } from "../src/webhooks/sign-event.ts";

const keyText = (id: string) => `${id}:${Buffer.alloc(32, id).toString("base64")}`;
const boxOf = (...ids: string[]) => new SecretBox(secretsKeys.parse(ids.map(keyText).join()));
const secretOf = (name: string) => `whsec_${Buffer.alloc(32, name).toString("base64")}`;

/** A box whose secrets are all the same; counts how often it is asked for one. */
function countingBox(): { secrets: SecretBox; opened: () => number } {
  let opened = 0;
  const open = () => {
    opened++;
    return secretOf("any");
  };
  return { secrets: Object.assign(Object.create(box), { open }), opened: () => opened };
}

const box = boxOf("k1", "k0");
const sealed = (name: string, endpointId: string, by = box) => {
  const { sealed, keyId } = by.seal(secretOf(name), endpointId);
  return { bytes: Buffer.from(sealed), keyId };
};
const body = '{"type":"job.completed"}';

/** What is to be signed, for an endpoint with a secret of that name. */
function signed(name: string, endpointId = "end_1", by = box) {
  const { bytes, keyId } = sealed(name, endpointId, by);
  const none = { previousSecret: null, previousSecretKeyId: null };
  return { endpointId, eventId: "evt_1", secret: bytes, secretKeyId: keyId, ...none };
}

function rotated(name: string, previous: string, by = box) {
  const { bytes, keyId } = sealed(previous, "end_1", by);
  return { ...signed(name), previousSecret: bytes, previousSecretKeyId: keyId };
}

const verify = (name: string, headers: Record<string, string>, text = body) =>
  new Webhook(secretOf(name)).verify(text, headers);

describe("the signature of an event", () => {
  it("verifies with the endpoint's secret, for that body, id and time alone", () => {
    const headers = createSigner(box)(signed("new"), body, new Date());
    expect(verify("new", headers)).toEqual({ type: "job.completed" });
    expect(() => verify("other", headers)).toThrow();
    expect(() => verify("new", headers, "{}")).toThrow();
    expect(() => verify("new", { ...headers, "webhook-id": "evt_2" })).toThrow();
    const later = String(Number(headers["webhook-timestamp"]) + 1);
    expect(() => verify("new", { ...headers, "webhook-timestamp": later })).toThrow();
  });

  it("has the event's id and the second of the try", () => {
    const headers = createSigner(box)(signed("new"), body, new Date(1_732_300_000_999));
    expect(Object.keys(headers).sort()).toEqual(["webhook-id", "webhook-signature", "webhook-timestamp"]);
    expect(headers).toMatchObject({ "webhook-id": "evt_1", "webhook-timestamp": "1732300000" });
    expect(headers["webhook-signature"]).toMatch(/^v1,\S+$/);
  });

  it("is by the secret before a rotation as well, also where that is under an older key", () => {
    const headers = createSigner(box)(rotated("new", "old", boxOf("k0")), body, new Date());
    expect(headers["webhook-signature"]?.split(" ")).toHaveLength(2);
    expect(verify("new", headers)).toEqual({ type: "job.completed" });
    expect(verify("old", headers)).toEqual({ type: "job.completed" });
    const half = { ...rotated("new", "old"), previousSecretKeyId: null };
    expect(createSigner(box)(half, body, new Date())["webhook-signature"]).toMatch(/^v1,\S+$/);
  });

  it("is not made with a secret that is another endpoint's, or under a key that is missing", () => {
    const sign = createSigner(box);
    expect(() => sign({ ...signed("new", "end_2"), endpointId: "end_1" }, body, new Date())).toThrow();
    expect(() => sign(signed("new", "end_1", boxOf("k9")), body, new Date())).toThrow(/no key k9/);
  });

  it("opens each secret once, and keeps no more than ten thousand of them", () => {
    const { secrets, opened } = countingBox();
    const sign = createSigner(secrets);
    const ofEndpoint = signed("any");
    const signAs = (n: number) => sign({ ...ofEndpoint, secret: Buffer.from(`${n}`) }, "", new Date());
    signAs(0);
    signAs(0);
    expect(opened()).toBe(1);
    for (let n = 1; n < 10_000; n++) signAs(n);
    signAs(0);
    expect(opened()).toBe(10_000);
    signAs(10_000);
    signAs(0);
    expect(opened()).toBe(10_002);
  });
});
