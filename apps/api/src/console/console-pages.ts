import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import express, { Router } from "express";
import { pageHeaders } from "../http/page-headers.ts";

/** The build puts the console's files beside the API's own; an API that runs from its sources has none. */
const directory = fileURLToPath(new URL("./console/", import.meta.url));

/** Paths of the console's pages: its own router decides which of them stands there. Nothing else is answered. */
const pagePaths = [
  "/",
  ...[
    "charges",
    "costs",
    "creators",
    "jobs",
    "keys",
    "knowledge",
    "models",
    "playground",
    "settings",
    "webhooks",
  ].flatMap((page) => [`/${page}`, `/${page}/:rest`]),
];

/** `/`: the console for operators. Its files are named by their content, so browsers keep them; its page is asked for anew. */
export function consolePages(): Router {
  const router = Router();
  if (!existsSync(join(directory, "index.html"))) return router;
  const files = { index: false, redirect: false, dotfiles: "allow", cacheControl: false } as const;
  router.use(
    "/assets",
    express.static(join(directory, "assets"), {
      ...files,
      setHeaders: (response) => response.set("cache-control", "public, max-age=31536000, immutable"),
    }),
  );
  router.get("/favicon.svg", (_request, response) =>
    response.sendFile("favicon.svg", { root: directory, dotfiles: "allow" }),
  );
  router.get(pagePaths, pageHeaders, (_request, response) => {
    response.set("cache-control", "no-cache");
    response.sendFile("index.html", { root: directory, dotfiles: "allow", cacheControl: false });
  });
  return router;
}
