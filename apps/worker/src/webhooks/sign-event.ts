import type { SecretBox } from "@understudy/service";
import type { DeliveryToTry } from "@understudy/webhooks";
import { Webhook } from "standardwebhooks";

/** More opened secrets than this are not kept. */
const keptMax = 10_000;

type Signed = Pick<
  DeliveryToTry,
  "endpointId" | "eventId" | "secret" | "secretKeyId" | "previousSecret" | "previousSecretKeyId"
>;

/** The headers of Standard Webhooks for an event at a time: signed by the endpoint's secret, and by that before a rotation. */
export function createSigner(secrets: SecretBox) {
  const opened = new Map<string, Webhook>();

  function webhookOf(sealed: Buffer, keyId: string, endpointId: string): Webhook {
    const known = opened.get(sealed.toString("latin1"));
    if (known) return known;
    const webhook = new Webhook(secrets.open({ keyId, sealed }, endpointId));
    if (opened.size >= keptMax) opened.clear();
    opened.set(sealed.toString("latin1"), webhook);
    return webhook;
  }

  return (delivery: Signed, body: string, at: Date): Record<string, string> => {
    const { endpointId, eventId, previousSecret, previousSecretKeyId } = delivery;
    const signers = [webhookOf(delivery.secret, delivery.secretKeyId, endpointId)];
    if (previousSecret && previousSecretKeyId !== null) {
      signers.push(webhookOf(previousSecret, previousSecretKeyId, endpointId));
    }
    return {
      "webhook-id": eventId,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      "webhook-signature": signers.map((signer) => signer.sign(eventId, at, body)).join(" "),
    };
  };
}
