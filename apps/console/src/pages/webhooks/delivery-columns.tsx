import { Text } from "@mantine/core";
import type { WebhookDelivery, WebhookEndpoint } from "@understudy/contracts";
import type { DataTableColumn } from "mantine-datatable";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ActionButton } from "../../layout/action-button.tsx";
import { StatusBadge, When } from "../../layout/show.tsx";

/** What is shown of a delivery, with the button that sends it again. */
export const deliveryColumns: DataTableColumn<WebhookDelivery & Record<string, unknown>>[] = [
  { accessor: "type", title: "Event" },
  { accessor: "status", title: "Status", render: ({ status }) => <StatusBadge status={status} /> },
  { accessor: "tries", title: "Tries", width: 320, render: ({ tries }) => <LastTry tries={tries} /> },
  {
    accessor: "createdAt",
    title: "Since",
    noWrap: true,
    render: ({ createdAt }) => <When at={createdAt} ago />,
  },
  {
    accessor: "nextTryAt",
    title: "Next try",
    noWrap: true,
    render: ({ nextTryAt }) => (nextTryAt ? <When at={nextTryAt} ago /> : "–"),
  },
  { accessor: "replay", title: "", textAlign: "right", render: ({ id }) => <Replay id={id} /> },
];

/** How many deliveries an endpoint has still to be told of, in words. */
export function Pending({ pending }: Pick<WebhookEndpoint, "pending">) {
  if (!pending) return <>–</>;
  const { waiting, due, underWay, nextTryAt } = pending;
  return (
    <Text size="sm" component="span">
      {atLeast(underWay)} under way · {atLeast(due)} due · {atLeast(waiting)} waiting
      {nextTryAt && (
        <>
          , the next <When at={nextTryAt} ago />
        </>
      )}
    </Text>
  );
}

const countedMax = 1_000;

function atLeast(count: number): string {
  return count < countedMax ? String(count) : `${countedMax.toLocaleString("en")} or more`;
}

function LastTry({ tries }: { tries: WebhookDelivery["tries"] }) {
  const last = tries.at(-1);
  if (!last) return <>none yet</>;
  const answer = last.status === undefined ? "no answer" : `HTTP ${last.status}`;
  return (
    <Text size="sm" lineClamp={2} title={last.body}>
      {tries.length} · {answer} in {last.ms} ms{last.error && `: ${last.error}`}
    </Text>
  );
}

function Replay({ id }: { id: string }) {
  const understudy = useUnderstudy();
  return (
    <ActionButton
      size="compact-sm"
      variant="default"
      label={`Replay ${id}`}
      act={() => understudy.replayDelivery(id)}
      done="It is sent again, under the same webhook-id."
    >
      Replay
    </ActionButton>
  );
}
