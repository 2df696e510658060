import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "./public-address.ts";

/** The connection was refused by us. */
export class AddressNotAllowedError extends Error {
  readonly code = "address_not_allowed";

  constructor() {
    super("The address is private or reserved: it is not called.");
  }
}

/** Refuses a host that is an address, and not a public one: an address needs no lookup, so nobody else would check it. */
export function checkHost(host: string): void {
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw new AddressNotAllowedError();
}

/**
 * Looks names up, and gives of their addresses the public ones. What is checked is the very address that the socket is given, so a
 * name that leads elsewhere the second time (DNS rebinding) gains nothing.
 * @param lookup asks DNS; the system's resolver unless given
 */
export function publicLookup(lookup = systemLookup as LookupFunction): LookupFunction {
  return (hostname, options, callback) =>
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const all: LookupAddress[] = Array.isArray(found) ? found : [];
      const allowed = all.filter(({ address }) => isPublicAddress(address));
      const [first] = allowed;
      if (!first) return callback(new AddressNotAllowedError(), []);
      if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
}
