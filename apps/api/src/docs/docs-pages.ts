import { createRequire } from "node:module";
import { Router } from "express";
import helmet from "helmet";

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API reference · Understudy</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<noscript>The reference needs JavaScript. The same in JSON: <a href="/openapi.json">/openapi.json</a>.</noscript>
<div id="reference"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>`;

/** Keys stay in the page's memory, and nothing is sent to anyone else: the badge of a validator neither. */
const start = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  operationsSorter: null,
  persistAuthorization: false,
  validatorUrl: null,
});
`;

/** Our own origin alone. The reference sets styles of its own and draws its icons from data. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", "data:"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

const require = createRequire(import.meta.url);

const assets = {
  "/swagger-ui.css": require.resolve("swagger-ui-dist/swagger-ui.css"),
  "/swagger-ui-bundle.js": require.resolve("swagger-ui-dist/swagger-ui-bundle.js"),
};

/** `/docs`: the API reference, by Swagger UI from its npm package, without the internet. */
export function docsPages(): Router {
  const router = Router();
  router.use(helmet({ contentSecurityPolicy, strictTransportSecurity: false }));
  router.get("/", (_request, response) => void response.type("html").send(page));
  router.get("/start.js", (_request, response) => void response.type("text/javascript").send(start));
  for (const [path, file] of Object.entries(assets)) {
    // Of this very version of the package; a new one comes with a new start.
    router.get(path, (_request, response) =>
      response.sendFile(file, { maxAge: "1 hour", dotfiles: "allow" }),
    );
  }
  return router;
}
