import { defineConfig } from "prisma/config";

/** Only `prisma migrate` needs the URL; `generate` works without. */
export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  datasource: { url: process.env.DATABASE_URL ?? "" },
});
