import proxyAddress from "proxy-addr";
import { z } from "zod";

/** How many proxies stand before us, or which addresses they have. */
export type TrustProxy = number | string[];

/**
 * `TRUST_PROXY`, as Express' setting `trust proxy` has it: a number of proxies, or their addresses, networks, and names of
 * some (`loopback`, `linklocal`, `uniquelocal`) with commas between. What a client says of itself is believed from nobody else.
 */
export const trustProxy = z.string().transform((text, context): TrustProxy => {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const addresses = text.split(",").map((part) => part.trim());
  try {
    proxyAddress.compile(addresses);
    return addresses;
  } catch {
    context.addIssue(
      "must be how many proxies stand before the API, such as 1, or their addresses, such as uniquelocal or 10.0.0.0/8",
    );
    return z.NEVER;
  }
});
