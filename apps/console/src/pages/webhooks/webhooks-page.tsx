import { Anchor, Button, Modal, MultiSelect, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type WebhookEndpoint, webhookEventTypes } from "@understudy/contracts";
import type { DataTableColumn } from "mantine-datatable";
import { Link } from "react-router";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { Loaded, Page } from "../../layout/page.tsx";
import { Table } from "../../layout/paged-table.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";
import { StatusBadge, When } from "../../layout/show.tsx";
import { ShownOnce } from "../../layout/shown-once.tsx";
import { Pending } from "./delivery-columns.tsx";

/** Who is told of what happens. */
export function WebhooksPage() {
  const understudy = useUnderstudy();
  const endpoints = useQuery({
    queryKey: ["endpoints"],
    queryFn: understudy.endpoints,
    refetchInterval: 10_000,
  });
  return (
    <Page
      title="Webhooks"
      lead="Endpoints of apps that are told of events, signed by the Standard Webhooks scheme."
      actions={<AddEndpoint />}
    >
      <Loaded query={endpoints} height={200}>
        {({ items }) => (
          <Table
            label="Endpoints"
            records={items}
            columns={columns}
            idOf={({ id }) => id}
            empty="No endpoint yet: nobody is told of anything."
          />
        )}
      </Loaded>
    </Page>
  );
}

const columns: DataTableColumn<WebhookEndpoint>[] = [
  {
    accessor: "url",
    title: "URL",
    render: ({ id, url, description }) => (
      <>
        <Anchor component={Link} to={`/webhooks/${id}`} size="sm">
          {url}
        </Anchor>
        {description && (
          <Text size="xs" c="dimmed">
            {description}
          </Text>
        )}
      </>
    ),
  },
  {
    accessor: "enabled",
    title: "Status",
    render: ({ enabled, disabledReason }) => (
      <>
        <StatusBadge status={enabled ? "enabled" : "disabled"} /> {disabledReason}
      </>
    ),
  },
  { accessor: "events", title: "Events", width: 300, render: ({ events }) => events.join(", ") },
  {
    accessor: "creatorIds",
    title: "Creators",
    render: ({ creatorIds }) => (creatorIds.length === 0 ? "all" : creatorIds.join(", ")),
  },
  {
    accessor: "pending",
    title: "To be told",
    width: 220,
    render: ({ pending }) => <Pending pending={pending} />,
  },
  {
    accessor: "failingSince",
    title: "Failing since",
    render: ({ failingSince }) => <When at={failingSince} ago />,
  },
  {
    accessor: "createdAt",
    title: "Created",
    noWrap: true,
    render: ({ createdAt }) => <When at={createdAt} ago />,
  },
];

function AddEndpoint() {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button onClick={open}>Add an endpoint</Button>
      <Modal opened={opened} onClose={close} title="Add an endpoint" centered>
        <AddEndpointForm onDone={close} />
      </Modal>
    </>
  );
}

function AddEndpointForm({ onDone }: { onDone: () => void }) {
  const understudy = useUnderstudy();
  const queryClient = useQueryClient();
  const form = useForm({
    initialValues: {
      url: "",
      description: "",
      events: ["job.completed", "job.failed", "job.blocked", "job.cancelled"],
    },
    validate: { events: (events) => (events.length === 0 ? "One event at least" : null) },
  });
  const add = useMutation({
    mutationFn: ({ url, description, events }: typeof form.values) =>
      understudy.addEndpoint({ url, events, ...(description !== "" && { description }) }),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  if (add.data)
    return <ShownOnce what="The secret of this endpoint" secret={add.data.secret} onDone={onDone} />;
  return (
    <form onSubmit={form.onSubmit((values) => add.mutate(values))}>
      <Stack>
        <TextInput
          label="URL"
          type="url"
          required
          placeholder="https://app.example.com/hooks/understudy"
          {...form.getInputProps("url")}
        />
        <TextInput label="Description" {...form.getInputProps("description")} />
        <MultiSelect label="Events" data={[...webhookEventTypes]} {...form.getInputProps("events")} />
        {add.error && <ProblemNote error={add.error} />}
        <Button type="submit" loading={add.isPending}>
          Add
        </Button>
      </Stack>
    </form>
  );
}
