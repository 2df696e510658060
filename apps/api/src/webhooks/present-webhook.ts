import type { WebhookDelivery, WebhookEndpoint } from "@understudy/contracts";
import type { Prisma } from "@understudy/database";
import type { PendingDeliveries } from "@understudy/webhooks";

export type EndpointRow = Prisma.WebhookEndpointGetPayload<object>;

type DeliveryRow = Prisma.DeliveryGetPayload<{ include: { event: true; attempts: true } }>;

/** An endpoint as it is told to others: without its secrets. */
export function presentEndpoint(row: EndpointRow, now: Date, pending?: PendingDeliveries): WebhookEndpoint {
  const { previousSecretUntil } = row;
  return {
    id: row.id,
    url: row.url,
    ...(row.description !== null && { description: row.description }),
    events: row.events,
    creatorIds: row.creatorIds,
    enabled: row.disabledAt === null,
    ...(row.disabledAt && { disabledAt: row.disabledAt.toISOString() }),
    // Only we write it.
    ...(row.disabledReason !== null && {
      disabledReason: row.disabledReason as NonNullable<WebhookEndpoint["disabledReason"]>,
    }),
    ...(row.failingSince && { failingSince: row.failingSince.toISOString() }),
    ...(pending && {
      pending: {
        waiting: pending.waiting,
        due: pending.due,
        underWay: pending.underWay,
        ...(pending.nextTryAt && { nextTryAt: pending.nextTryAt.toISOString() }),
      },
    }),
    ...(previousSecretUntil &&
      previousSecretUntil > now && { previousSecretUntil: previousSecretUntil.toISOString() }),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/** @param row its tries in the order in which they were made */
export function presentDelivery(row: DeliveryRow): WebhookDelivery {
  return {
    id: row.id,
    eventId: row.eventId,
    type: row.type,
    ...(row.event.jobId !== null && { jobId: row.event.jobId }),
    status: row.status,
    ...(row.status === "pending" && row.nextTryAt && { nextTryAt: row.nextTryAt.toISOString() }),
    ...(row.deliveredAt && { deliveredAt: row.deliveredAt.toISOString() }),
    createdAt: row.createdAt.toISOString(),
    tries: row.attempts.map(({ at, ms, httpStatus, error, body }) => ({
      at: at.toISOString(),
      ms,
      ...(httpStatus !== null && { status: httpStatus }),
      ...(error !== null && { error }),
      ...(body !== null && { body }),
    })),
  };
}
