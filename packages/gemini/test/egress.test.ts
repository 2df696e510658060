import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { EgressProxy } from "../src/egress.ts";
import { GeminiClient } from "../src/gemini-client.ts";
import { baseUrl, requestOf, requests } from "./scripted-gemini.ts";

/** No such host is known to anybody but the proxy. */
const hidden = "http://gemini.invalid:8080";

let proxy: Server;
let proxyUrl: string;
/** What the proxy was asked for. */
let tunnels: { to: string | undefined; authorization: string | undefined }[];
let refusal: string | undefined;
let sockets: Socket[];

/** A proxy that makes tunnels, all of them to the scripted Gemini. */
beforeEach(async () => {
  tunnels = [];
  sockets = [];
  refusal = undefined;
  proxy = createServer();
  proxy.on("connect", (request, client: Socket) => {
    tunnels.push({ to: request.url, authorization: request.headers["proxy-authorization"] });
    sockets.push(client);
    client.on("error", () => {});
    if (refusal) return client.end(refusal);
    const target = connect(Number(new URL(baseUrl).port), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      client.pipe(target).pipe(client);
    });
    target.on("error", () => client.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  proxy.closeAllConnections();
  proxy.close();
});

async function ask(settings: EgressProxy, url = hidden) {
  const client = new GeminiClient({ apiKey: "secret", baseUrl: url, proxy: settings });
  const generation = await client.generate(requestOf({ timeoutSeconds: 10 }));
  await client.close();
  return generation;
}

describe("an egress proxy", () => {
  it("is gone through, and told who we are", async () => {
    const httpProxy = proxyUrl.replace("//", "//user:pass%40word@");
    expect(await ask({ httpProxy })).toMatchObject({ kind: "answered", text: "Hi", provider: "other" });
    const authorization = `Basic ${Buffer.from("user:pass@word").toString("base64")}`;
    expect(tunnels).toEqual([{ to: "gemini.invalid:8080", authorization }]);
    expect(requests).toMatchObject([{ headers: { host: "gemini.invalid:8080" } }]);
  });

  it("is that of HTTPS for Gemini's own address", async () => {
    // The tunnel ends at a server that speaks no TLS: what counts is who was asked for the tunnel.
    await ask({ httpsProxy: proxyUrl }, "https://generativelanguage.googleapis.com");
    expect(tunnels[0]?.to).toBe("generativelanguage.googleapis.com:443");
  });

  it.each(["gemini.invalid", "example.org, .invalid", "*", "gemini.invalid:8080"])(
    "is left out for hosts that are to be reached straight: %s",
    async (noProxy) => {
      expect(await ask({ httpProxy: proxyUrl, noProxy })).toMatchObject({ errorCode: "unreachable" });
      expect(tunnels).toEqual([]);
    },
  );

  it("is left out for what is on this machine", async () => {
    expect(await ask({ httpProxy: proxyUrl, httpsProxy: proxyUrl }, baseUrl)).toMatchObject({ text: "Hi" });
    expect(tunnels).toEqual([]);
  });

  it("is nobody's where none is set, whatever the environment of the process says", async () => {
    process.env.HTTP_PROXY = proxyUrl;
    const generation = await ask({});
    delete process.env.HTTP_PROXY;
    expect(generation).toMatchObject({ kind: "refused", errorCode: "unreachable" });
    expect(tunnels).toEqual([]);
  });

  it("that makes no tunnel, or is away, has sent nothing: it costs nothing", async () => {
    refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    const unreachable = { kind: "refused", errorCode: "unreachable", retryable: true };
    expect(await ask({ httpProxy: proxyUrl })).toEqual(unreachable);
    expect(await ask({ httpProxy: "http://127.0.0.1:1" })).toEqual(unreachable);
  });
});
