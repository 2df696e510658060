import { Group, Modal, SegmentedControl, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { deliveryStatuses, type WebhookDelivery, type WebhookEndpoint } from "@understudy/contracts";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ActionButton } from "../../layout/action-button.tsx";
import { Loaded, Page } from "../../layout/page.tsx";
import { PagedTable } from "../../layout/paged-table.tsx";
import { CopyId, StatusBadge, When } from "../../layout/show.tsx";
import { ShownOnce } from "../../layout/shown-once.tsx";
import { useFilters } from "../../layout/use-filters.ts";
import { deliveryColumns, Pending } from "./delivery-columns.tsx";

/** One endpoint: what was delivered to it, and sending it again. */
export function EndpointPage() {
  const { id = "" } = useParams();
  const understudy = useUnderstudy();
  const { get, set } = useFilters();
  const endpoint = useQuery({
    queryKey: ["endpoint", id],
    queryFn: () => understudy.endpoint(id),
    refetchInterval: 3_000,
  });
  const status = deliveryStatuses.find((known) => known === get("status"));
  return (
    <Page
      title="Webhook endpoint"
      lead={<CopyId id={id} />}
      actions={endpoint.data && <EndpointActions endpoint={endpoint.data} />}
    >
      <Loaded query={endpoint} height={80}>
        {(data) => <EndpointFacts endpoint={data} />}
      </Loaded>
      <Group justify="space-between" align="flex-end">
        <SegmentedControl
          aria-label="Deliveries that are"
          value={status ?? ""}
          onChange={(next) => set({ status: next })}
          data={[
            { value: "", label: "all" },
            ...deliveryStatuses.map((known) => ({ value: known, label: known })),
          ]}
        />
        <ReplaySince id={id} />
      </Group>
      <PagedTable
        label="Deliveries"
        queryKey={["deliveries", id, status]}
        fetchPage={(cursor) => understudy.deliveries(id, { status, cursor, limit: 50 })}
        idOf={(delivery: WebhookDelivery) => delivery.id}
        columns={deliveryColumns}
        empty="Nothing was delivered here yet."
        refetchIntervalMs={3_000}
      />
    </Page>
  );
}

function EndpointFacts({ endpoint }: { endpoint: WebhookEndpoint }) {
  const { url, enabled, disabledReason, disabledAt, failingSince, events, previousSecretUntil } = endpoint;
  return (
    <div>
      <Group gap="sm">
        <Text fw={600} style={{ overflowWrap: "anywhere" }}>
          {url}
        </Text>
        <StatusBadge status={enabled ? "enabled" : "disabled"} />
      </Group>
      <Pending pending={endpoint.pending} />
      <Text size="sm" c="dimmed">
        {endpoint.description && <>{endpoint.description} · </>}
        hears of {events.join(", ")}
        {disabledAt && (
          <>
            {" "}
            · disabled ({disabledReason}) since <When at={disabledAt} />
          </>
        )}
        {failingSince && (
          <>
            {" "}
            · every try has failed since <When at={failingSince} />
          </>
        )}
        {previousSecretUntil && (
          <>
            {" "}
            · the secret of before signs as well until <When at={previousSecretUntil} />
          </>
        )}
      </Text>
    </div>
  );
}

function EndpointActions({ endpoint }: { endpoint: WebhookEndpoint }) {
  const understudy = useUnderstudy();
  const navigate = useNavigate();
  const [secret, setSecret] = useState<string>();
  const { id, enabled } = endpoint;
  return (
    <>
      <ActionButton
        variant="default"
        disabled={!enabled}
        act={() => understudy.testEndpoint(id)}
        done="A test event is under way."
      >
        Send a test event
      </ActionButton>
      <ActionButton
        variant="default"
        act={async () => setSecret((await understudy.rotateSecret(id)).secret)}
        done="The secret is rotated; the one before signs as well for a day."
        confirm={{
          title: "Rotate the secret?",
          text: "A new one is shown once. The one before signs as well for 24 hours.",
          verb: "Rotate it",
        }}
      >
        Rotate the secret
      </ActionButton>
      <ActionButton
        variant="default"
        act={() => understudy.updateEndpoint(id, { enabled: !enabled })}
        done={enabled ? "Nothing is sent to it any more." : "It hears of what happens from now on."}
        {...(enabled && {
          confirm: {
            title: "Disable this endpoint?",
            text: "Nothing is sent to it, and what waits for it is given up.",
            verb: "Disable it",
          },
        })}
      >
        {enabled ? "Disable" : "Enable"}
      </ActionButton>
      <ActionButton
        color="red"
        variant="light"
        act={async () => {
          await understudy.deleteEndpoint(id);
          await navigate("/webhooks");
        }}
        done="The endpoint is deleted."
        confirm={{
          title: "Delete this endpoint?",
          text: "Its secret and what waits for it are gone for good.",
          verb: "Delete it",
        }}
      >
        Delete
      </ActionButton>
      <Modal
        opened={secret !== undefined}
        onClose={() => setSecret(undefined)}
        title="The new secret"
        centered
      >
        {secret && <ShownOnce what="The new secret" secret={secret} onDone={() => setSecret(undefined)} />}
      </Modal>
    </>
  );
}

function ReplaySince({ id }: { id: string }) {
  const understudy = useUnderstudy();
  const [since, setSince] = useState("");
  return (
    <Group gap="xs" align="flex-end">
      <TextInput
        type="datetime-local"
        label="Events since"
        value={since}
        onChange={(event) => setSince(event.currentTarget.value)}
      />
      <ActionButton
        variant="default"
        disabled={since === ""}
        act={() => understudy.replaySince(id, new Date(since).toISOString())}
        done={(answer) => `${(answer as { deliveries: number }).deliveries} deliveries are under way again.`}
      >
        Replay them
      </ActionButton>
    </Group>
  );
}
