import { type Dispatcher, EnvHttpProxyAgent } from "undici";

/** The way out of the network, as `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name it; straight unless given. */
export interface EgressProxy {
  httpsProxy?: string | undefined;
  httpProxy?: string | undefined;
  /** Hosts that are reached straight, separated by commas. */
  noProxy?: string | undefined;
}

/** What is on this machine is never behind a proxy. */
const thisMachine = "localhost,127.0.0.1,[::1]";

/** Connections that stay open for the next call, through the proxy where there is one. */
export function egressDispatcher({ httpsProxy = "", httpProxy = "", noProxy = "" }: EgressProxy): Dispatcher {
  return new EnvHttpProxyAgent({
    httpsProxy,
    httpProxy,
    noProxy: noProxy.trim() === "*" ? "*" : `${noProxy},${thisMachine}`,
    // Our own deadline covers the whole exchange; idle connections are kept a while for the next call.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 10_000 },
    keepAliveTimeout: 30_000,
  });
}
