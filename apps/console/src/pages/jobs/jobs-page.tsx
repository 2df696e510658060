import { Anchor, Group, Select, Text } from "@mantine/core";
import { type Job, jobStatuses } from "@understudy/contracts";
import type { DataTableColumn } from "mantine-datatable";
import { Link } from "react-router";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { FilterField } from "../../layout/filter-field.tsx";
import { Page } from "../../layout/page.tsx";
import { PagedTable } from "../../layout/paged-table.tsx";
import { StatusBadge, shortId, Usd, When } from "../../layout/show.tsx";
import { useFilters } from "../../layout/use-filters.ts";
import { BulkRetry } from "./bulk-retry.tsx";
import { waitingWords } from "./waiting-words.ts";

/** Any job, found by what one knows of it. */
export function JobsPage() {
  const understudy = useUnderstudy();
  const { get, set } = useFilters();
  const query = {
    q: get("q"),
    creatorId: get("creatorId"),
    agent: get("agent"),
    status: get("status"),
    limit: 50,
  };
  return (
    <Page
      title="Jobs"
      lead="The newest first."
      actions={<BulkRetry agent={query.agent} creatorId={query.creatorId} />}
    >
      <Group gap="sm" align="flex-end">
        <FilterField
          label="Search"
          value={get("q")}
          onChange={(q) => set({ q })}
          placeholder="job id, fan, or words of the error"
          width={320}
        />
        <FilterField
          label="Creator"
          value={get("creatorId")}
          onChange={(creatorId) => set({ creatorId })}
          width={150}
        />
        <FilterField
          label="Agent"
          value={get("agent")}
          onChange={(agent) => set({ agent })}
          placeholder="chat"
          width={130}
        />
        <Select
          label="Status"
          w={150}
          clearable
          data={[...jobStatuses]}
          value={get("status") ?? null}
          onChange={(status) => set({ status })}
        />
      </Group>
      <PagedTable
        label="Jobs"
        queryKey={["jobs", query]}
        fetchPage={(cursor) => understudy.jobs({ ...query, cursor })}
        idOf={(job: Job) => job.id}
        columns={columns}
        empty={
          query.q || query.status || query.agent || query.creatorId
            ? "No job fits these filters."
            : "No job yet. Try one in the playground."
        }
        refetchIntervalMs={5_000}
      />
    </Page>
  );
}

const columns: DataTableColumn<Job>[] = [
  {
    accessor: "id",
    title: "Job",
    noWrap: true,
    render: ({ id }) => (
      <Anchor component={Link} to={`/jobs/${id}`} size="sm" ff="monospace" title={id}>
        {shortId(id)}
      </Anchor>
    ),
  },
  { accessor: "status", title: "Status", render: ({ status }) => <StatusBadge status={status} /> },
  { accessor: "agent", title: "Agent" },
  {
    accessor: "creatorId",
    title: "Creator",
    render: ({ creatorId }) => (
      <Anchor component={Link} to={`/creators/${creatorId}`} size="sm">
        {creatorId}
      </Anchor>
    ),
  },
  {
    accessor: "why",
    title: "Why",
    width: 340,
    render: ({ waitingFor, error, status }) => (
      <Text size="sm" lineClamp={2}>
        {status === "queued" && waitingFor && `waits ${waitingWords[waitingFor]}`}
        {error && (
          <>
            <b>{error.code}</b>: {error.message}
          </>
        )}
      </Text>
    ),
  },
  { accessor: "usage.calls", title: "Calls", textAlign: "right", render: ({ usage }) => usage.calls },
  {
    accessor: "usage.costUsd",
    title: "Cost",
    textAlign: "right",
    noWrap: true,
    render: ({ usage }) => <Usd amount={usage.costUsd} />,
  },
  {
    accessor: "createdAt",
    title: "Created",
    noWrap: true,
    render: ({ createdAt }) => <When at={createdAt} ago />,
  },
];
