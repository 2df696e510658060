import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");
loopback.addSubnet("::ffff:127.0.0.0", 104, "ipv6");

/** Whether an address is this machine's own. */
export function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 6 ? "ipv6" : "ipv4");
}

/** The same of a host: an address, with brackets or without, or `localhost`. */
export function isLoopbackHost(host: string): boolean {
  return /^localhost$/i.test(host) || isLoopback(host.replace(/^\[(.*)\]$/, "$1"));
}
