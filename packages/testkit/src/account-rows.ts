import { type Database, Prisma } from "@understudy/database";

interface AccountAmounts {
  spentUsd?: string | number;
  heldUsd?: string | number;
  unknownUsd?: string | number;
}

/** Adds amounts to accounts as if calls had: of the creator's month, of the key, and of the platform's month. */
export async function addToAccounts(
  { prisma }: Pick<Database, "prisma">,
  payer: { creatorId: string; apiKeyId?: string; month?: Date },
  { spentUsd = 0, heldUsd = 0, unknownUsd = 0 }: AccountAmounts = {},
): Promise<void> {
  const { creatorId, apiKeyId = null, month = thisMonth() } = payer;
  const [spent, held, unknown] = [spentUsd, heldUsd, unknownUsd].map((usd) => new Prisma.Decimal(usd));
  await prisma.$executeRaw`
    INSERT INTO "Account" AS account ("id", "kind", "creatorId", "apiKeyId", "month", "spentUsd", "heldUsd", "unknownUsd")
    SELECT "id", "kind", "ofCreator", "ofKey", "ofMonth", ${spent}, ${held}, ${unknown}
    FROM understudy_payers(${creatorId}, ${apiKeyId}, ${month}::date)
    ON CONFLICT ("id") DO UPDATE SET "spentUsd" = account."spentUsd" + excluded."spentUsd",
      "heldUsd" = account."heldUsd" + excluded."heldUsd", "unknownUsd" = account."unknownUsd" + excluded."unknownUsd"`;
}

function thisMonth(): Date {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
}
