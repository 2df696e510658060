// Webhooks without memory: undici and Standard Webhooks' signature, and nothing that survives this process.
import { performance } from "node:perf_hooks";
import { Webhook } from "standardwebhooks";
import { Agent, request } from "undici";
import { z } from "zod";
import { peerOptions, tellBench } from "./peer.ts";

const { url, body, deliveries, warmUp, connections } = peerOptions(
  z.object({
    url: z.string(),
    body: z.string(),
    deliveries: z.int(),
    warmUp: z.int(),
    connections: z.int(),
  }),
);
const dispatcher = new Agent({ connections });
const webhook = new Webhook(`whsec_${Buffer.alloc(32, "bench").toString("base64")}`);
let sent = 0;
let delivered = 0;
let warmAt = 0;
await Promise.all(Array.from({ length: connections }, sendAll));
tellBench({ perSecond: (deliveries - warmUp) / ((performance.now() - warmAt) / 1000) });

async function sendAll(): Promise<void> {
  while (sent < deliveries) {
    const id = `evt_${sent++}`;
    const at = new Date();
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": webhook.sign(id, at, body),
    };
    const answer = await request(url, { dispatcher, method: "POST", headers, body });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`The sink answered ${answer.statusCode}.`);
    if (++delivered === warmUp) warmAt = performance.now();
  }
}
