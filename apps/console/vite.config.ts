import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Of `npm run dev`: where the API answers. */
const api = "http://127.0.0.1:3000";

export default defineConfig({
  plugins: [react()],
  build: {
    // Browsers of the last two years; the API serves what this writes.
    target: "es2022",
    // Those that know light-dark(): what would stand in for it asks the system's scheme, not the page's.
    cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
    outDir: "dist",
    emptyOutDir: true,
    // Inlined files would be data: URLs, which the pages' content security policy refuses for scripts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1_500,
  },
  server: {
    proxy: Object.fromEntries(["/api", "/admin", "/openapi.json", "/docs"].map((path) => [path, api])),
  },
});
