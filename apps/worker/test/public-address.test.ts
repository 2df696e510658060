import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import {
  type AddressInfo,
  getDefaultAutoSelectFamily,
  type LookupFunction,
  type Socket,
  setDefaultAutoSelectFamily,
} from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type EventPoster, openPoster } from "../src/webhooks/post-event.ts";
import { isPublicAddress } from "../src/webhooks/public-address.ts";

const forbidden = [
  "0.0.0.0",
  "10.0.0.1",
  "100.64.0.1",
  "127.0.0.1",
  "127.255.255.254",
  "168.63.129.16",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.1",
  "192.0.2.1",
  "192.168.1.1",
  "198.18.0.1",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::127.0.0.1",
  "::ffff:127.0.0.1",
  "::ffff:a9fe:a9fe",
  "64:ff9b::7f00:1",
  "64:ff9b::168.63.129.16",
  "64:ff9b:1::1",
  "64:ff9b:1::8.8.8.8",
  "64:ff9b:1:a9fe:a9:fe00:808:808",
  "100::1",
  "2001::1",
  "2001:db8::1",
  "2002:7f00:1::1",
  "2002:a9fe:a9fe::1",
  "fc00::1",
  "fd00:ec2::254",
  "fe80::1",
  "fe80::1%lo",
  "fec0::1",
  "ff02::1",
  "1fff:ffff::1",
  "4000::1",
  "fe00::1",
  "not an address",
];

const allowed = [
  "1.1.1.1",
  "8.8.8.8",
  "100.63.255.255",
  "100.128.0.1",
  "172.32.0.1",
  "168.63.129.15",
  "93.184.215.14",
  "::ffff:8.8.8.8",
  "64:ff9b::8.8.8.8",
  "2002:808:808::1",
  "2000::1",
  "3fff:ffff::1",
  "2606:4700:4700::1111",
  "2a00:1450:4001:81b::200e",
];

/** First and last addresses of the networks that are not public, with their neighbours, which are. */
const networks = [
  ["0.0.0.0", "0.255.255.255", "1.0.0.0"],
  ["10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"],
  ["100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"],
  ["127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"],
  ["168.63.129.16", "168.63.129.16", "168.63.129.15", "168.63.129.17"],
  ["169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"],
  ["172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"],
  ["192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"],
  ["198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"],
  ["224.0.0.0", "255.255.255.255", "223.255.255.255"],
] as const;

describe("an address", () => {
  it.each(networks)("between %s and %s is not public, and its neighbours are", (first, last, ...next) => {
    expect([first, last].map(isPublicAddress)).toEqual([false, false]);
    expect(next.map(isPublicAddress)).toEqual(next.map(() => true));
    expect([first, last].map((address) => isPublicAddress(`::ffff:${address}`))).toEqual([false, false]);
  });

  it.each(forbidden)("that is not public: %s", (address) => expect(isPublicAddress(address)).toBe(false));
  it.each(allowed)("that is public: %s", (address) => expect(isPublicAddress(address)).toBe(true));
});

describe("a webhook", () => {
  let server: Server;
  let port: number;
  let requests = 0;
  /** A DNS of our own. What a name has several times over, it answers one after another. */
  const names = new Map<string, string[][]>();
  let looks = 0;
  const lookup: LookupFunction = (hostname, options, callback) => {
    looks++;
    const answers = names.get(hostname) ?? [];
    const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
    const all = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    if (options.all) callback(null, all);
    else callback(null, all[0]?.address ?? "", all[0]?.family);
  };
  const posters: EventPoster[] = [];
  const open = (allowPrivate: boolean) => {
    const poster = openPoster({ timeoutMs: 5_000, allowPrivate, lookup });
    posters.push(poster);
    return (url: string) => poster.post(url, {}, "{}");
  };

  /** Addresses that sockets were given for a name, to try one after another. */
  const given: string[] = [];
  /** Addresses that sockets were about to connect to; those that are not this machine's are not waited for. */
  const called: string[] = [];
  const noteCalls = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    socket.on("lookup", (_error: unknown, address?: string) => address && given.push(address));
    socket.on("connectionAttempt", (address: string) => {
      called.push(address);
      if (isPublicAddress(address)) queueMicrotask(() => socket.destroy(new Error("seen")));
    });
  };

  beforeAll(async () => {
    subscribe("net.client.socket", noteCalls);
    server = createServer((request, response) => {
      requests++;
      const [, status, location] = /^\/redirect\/(\d+)\?(.*)$/.exec(request.url ?? "") ?? [];
      if (location) response.writeHead(Number(status), { location: decodeURIComponent(location) }).end();
      else response.writeHead(200).end("inside");
    });
    server.listen(0);
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });

  afterAll(async () => {
    await Promise.all(posters.map((poster) => poster.close()));
    server.closeAllConnections();
    server.close();
    unsubscribe("net.client.socket", noteCalls);
  });

  beforeEach(() => {
    given.splice(0);
    called.splice(0);
  });

  it.each([
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0x7f.0.0.0x1",
    "017700000001",
    "0",
    "１２７.0.0.1",
    "10.1",
    "100.64.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "2852039166",
    "0251.0376.0251.0376",
    "0xa9fea9fe",
    "168.63.129.16",
    "0xa83f8110",
    "[::1]",
    "[::]",
    "[::7f00:1]",
    "[::127.0.0.1]",
    "[::169.254.169.254]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:168.63.129.16]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::169.254.169.254]",
    "[2002:7f00:1::]",
    "[fd00:ec2::254]",
    "[fe80::1]",
  ])("does not reach %s by its address, however it is written", async (host) => {
    expect(await open(false)(`http://${host}:${port}/`)).toMatchObject({ error: "address_not_allowed" });
    expect(await open(false)(`https://${host}:${port}/`)).toMatchObject({ error: "address_not_allowed" });
    expect(called).toEqual([]);
  });

  it.each(forbidden.filter((address) => !/ |%/.test(address)))(
    "does not reach %s by a name",
    async (address) => {
      names.set("inside.test", [[address]]);
      expect(await open(false)(`http://inside.test:${port}/`)).toMatchObject({
        error: "address_not_allowed",
      });
      expect(called).toEqual([]);
    },
  );

  it.each(allowed.filter((address) => !address.includes(":")))(
    "goes to %s, by its address and by a name",
    async (address) => {
      names.set("outside.test", [[address, "127.0.0.1", "10.0.0.1"]]);
      for (const host of [address, "outside.test"]) {
        expect(await open(false)(`http://${host}:${port}/`)).toMatchObject({ error: "connection_failed" });
      }
      expect(called).toEqual([address, address]);
    },
  );

  it("is not led inside by a name that answers otherwise the second time", async () => {
    const post = open(false);
    // One look for each connection: no later one, after the check, decides where it goes.
    names.set("rebinding.test", [["192.0.2.1"], ["127.0.0.1"], ["::1"], ["10.0.0.1"]]);
    const before = looks;
    for (let turn = 0; turn < 4; turn++) {
      expect(await post(`http://rebinding.test:${port}/`)).toMatchObject({ error: "address_not_allowed" });
    }
    expect({ called, looks }).toEqual({ called: [], looks: before + 4 });
  });

  it.each([
    ["before it", ["127.0.0.1", "93.184.215.14"], ["93.184.215.14"]],
    ["behind it", ["93.184.215.14", "127.0.0.1"], ["93.184.215.14"]],
    ["around it", ["::1", "93.184.215.14", "127.0.0.1"], ["93.184.215.14"]],
    ["between two", ["93.184.215.14", "127.0.0.1", "10.0.0.1", "1.1.1.1"], ["93.184.215.14", "1.1.1.1"]],
    ["of the other kind", ["::1", "2606:4700:4700::1111", "127.0.0.1"], ["2606:4700:4700::1111"]],
  ])("is given of several addresses the public one, private ones lie %s", async (_where, all, ours) => {
    const before = requests;
    for (const family of [true, false]) {
      const usual = getDefaultAutoSelectFamily();
      // Whether a socket asks for all addresses of a name, to try them one after another, or for one.
      setDefaultAutoSelectFamily(family);
      given.splice(0);
      names.set("mixed.test", [all]);
      await open(false)(`http://mixed.test:${port}/`).finally(() => setDefaultAutoSelectFamily(usual));
      expect(given).toEqual(family ? ours : ours.slice(0, 1));
    }
    expect(called.filter((address) => !isPublicAddress(address))).toEqual([]);
    expect(requests).toBe(before);
  });

  it("goes to none of several addresses that are all private", async () => {
    names.set("inside.test", [["127.0.0.1", "::1", "10.0.0.1"]]);
    expect(await open(false)(`http://inside.test:${port}/`)).toMatchObject({ error: "address_not_allowed" });
    expect({ given, called }).toEqual({ given: [], called: [] });
  });

  it("is not led inside by a resolver that gives one address where all were asked for", async () => {
    const single: LookupFunction = (_hostname, _options, callback) => callback(null, "127.0.0.1", 4);
    const poster = openPoster({ timeoutMs: 5_000, allowPrivate: false, lookup: single });
    posters.push(poster);
    const answer = await poster.post(`http://inside.test:${port}/`, {}, "{}");
    expect(answer).toMatchObject({ error: "address_not_allowed" });
    expect(called).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308])("follows no redirect: %d", async (status) => {
    const before = requests;
    const post = open(true);
    for (const target of [`http://127.0.0.1:${port}/inside`, "http://169.254.169.254/", "http://[::1]/"]) {
      const url = `http://127.0.0.1:${port}/redirect/${status}?${encodeURIComponent(target)}`;
      expect(await post(url)).toMatchObject({ httpStatus: status, error: "redirect" });
    }
    expect(requests).toBe(before + 3);
    expect(new Set(called)).toEqual(new Set(["127.0.0.1"]));
  });

  it("reaches private addresses where that is allowed, by name too", async () => {
    names.set("here.test", [["127.0.0.1"]]);
    expect(await open(true)(`http://127.0.0.1:${port}/`)).toMatchObject({ httpStatus: 200, body: "inside" });
    expect(await open(true)(`http://here.test:${port}/`)).toMatchObject({ httpStatus: 200 });
    expect(await open(true)(`http://[::1]:${port}/`)).toMatchObject({ httpStatus: 200 });
  });
});
