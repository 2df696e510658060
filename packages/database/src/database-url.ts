/**
 * Reads `DATABASE_URL`. `?pgbouncer=true` (Prisma's word for it) says that a pooler in transaction mode answers there:
 * PgBouncer, Supabase, Neon, RDS Proxy. Nothing of a session outlives a transaction then: no prepared statement, no
 * setting, no session's lock.
 */
export function readDatabaseUrl(url: string): { connectionString: string; isPooled: boolean } {
  const parsed = new URL(url);
  if (parsed.searchParams.get("pgbouncer") !== "true") return { connectionString: url, isPooled: false };
  parsed.searchParams.delete("pgbouncer");
  return { connectionString: parsed.href, isPooled: true };
}
