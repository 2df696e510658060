import type { Database } from "@understudy/database";
import type { MorePrice } from "@understudy/testkit";

const source = "npm run chaos";

/** Every price doubles in the middle of a run, so that one by another clock than the database's shows. */
export async function doublePricesFrom({ prisma }: Database, from: Date): Promise<MorePrice[]> {
  const inForce = await prisma.price.findMany({
    where: { serviceTier: "standard", validFrom: { lte: new Date() } },
    orderBy: { validFrom: "desc" },
    distinct: ["provider", "regionClass", "model"],
  });
  const doubled = inForce
    .filter(
      ({ provider, regionClass, longContextAbove }) =>
        provider === "gemini" && regionClass === "global" && longContextAbove === null,
    )
    .map(({ id: _, createdAt: __, ...row }) => ({
      ...row,
      validFrom: from,
      inputUsd: row.inputUsd.times(2),
      outputUsd: row.outputUsd.times(2),
      cachedUsd: row.cachedUsd.times(2),
      audioInputUsd: row.audioInputUsd.times(2),
      audioCachedUsd: row.audioCachedUsd.times(2),
      source,
    }));
  await prisma.price.createMany({ data: doubled });
  return doubled.map((row) => ({
    model: row.model,
    from,
    inputUsd: row.inputUsd.toFixed(),
    outputUsd: row.outputUsd.toFixed(),
    cachedUsd: row.cachedUsd.toFixed(),
    audioInputUsd: row.audioInputUsd.toFixed(),
    audioCachedUsd: row.audioCachedUsd.toFixed(),
  }));
}
