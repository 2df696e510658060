import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { buildConnector } from "undici";
import { isPublicAddress } from "./public-address.ts";

/** The connection was refused by us. */
export class AddressNotAllowedError extends Error {
  readonly code = "address_not_allowed";

  constructor() {
    super("The address is private or reserved: it is not called.");
  }
}

interface GuardSettings {
  /** Calls private addresses as well: for development. */
  allowPrivate: boolean;
  /** For the connection, TLS included. */
  timeoutMs: number;
  /** Asks DNS; the system's resolver unless given. */
  lookup?: LookupFunction;
}

/**
 * Connects for undici, to public addresses alone. What is checked is the very address that the socket is given, so a
 * name that leads elsewhere the second time (DNS rebinding) gains nothing.
 */
export function guardedConnector(settings: GuardSettings): buildConnector.connector {
  const { allowPrivate, timeoutMs, lookup = systemLookup as LookupFunction } = settings;
  const connect = buildConnector({
    timeout: timeoutMs,
    port: 0,
    lookup: allowPrivate ? lookup : publicOnly(lookup),
  });
  return (options, callback) => {
    const host = options.hostname.replace(/^\[(.*)\]$/, "$1");
    // An address needs no lookup: nobody else would check it.
    if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) {
      callback(new AddressNotAllowedError(), null);
      return;
    }
    connect(options, callback);
  };
}

/** Gives of a name's addresses the public ones. */
function publicOnly(lookup: LookupFunction): LookupFunction {
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
