import ipaddr from "ipaddr.js";

/** Global unicast: all that IANA has given out of IPv6 to reach anybody by. */
const globalUnicast = ipaddr.parseCIDR("2000::/3");

/** Public by their range, but answered by the cloud that the machine stands in. Azure's: DNS, DHCP, agents. */
const cloudServices = new Set(["168.63.129.16"]);

/** The well-known prefix of NAT64 (RFC 6052). What local networks use beside it (RFC 8215) reaches nobody's public address. */
const nat64 = ipaddr.parseCIDR("64:ff9b::/96");

/** Where the IPv4 address lies that an IPv6 address of such a range stands for. */
const embeddedAt: Record<string, number> = { ipv4Mapped: 12, rfc6052: 12, "6to4": 2 };

/**
 * Whether an address may be called at somebody else's wish: not one of this machine, its networks or its cloud, and none
 * that leads there through a translation of IPv6. What can't be read is not.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  const range = address.range();
  if (address instanceof ipaddr.IPv4) return range === "unicast" && !cloudServices.has(address.toString());
  if (range === "rfc6052" && !address.match(nat64)) return false;
  const at = embeddedAt[range];
  if (at !== undefined)
    return isPublicAddress(
      address
        .toByteArray()
        .slice(at, at + 4)
        .join("."),
    );
  return range === "unicast" && address.match(globalUnicast);
}
