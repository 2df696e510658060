import helmet from "helmet";

/**
 * For pages of our own origin alone: scripts only from it, framed by nobody. Styles may be inline, which Bull Board and
 * charts need; Bull Board asks the web for a font as well, and goes without.
 */
export const pageHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", "data:"],
      objectSrc: ["'none'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  // With none at all forms would send no origin, and look like those of other sites.
  referrerPolicy: { policy: "same-origin" },
  // Every answer has it, where there is TLS.
  strictTransportSecurity: false,
});
