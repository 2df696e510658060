import { Anchor, Button, Group, Select, Text } from "@mantine/core";
import { type Call, callStatuses } from "@understudy/contracts";
import type { DataTableColumn } from "mantine-datatable";
import { useState } from "react";
import { Link } from "react-router";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { FilterField } from "../../layout/filter-field.tsx";
import { Page } from "../../layout/page.tsx";
import { PagedTable } from "../../layout/paged-table.tsx";
import { StatusBadge, shortId, Usd, When } from "../../layout/show.tsx";
import { useFilters } from "../../layout/use-filters.ts";
import { ExplainCall } from "./explain-call.tsx";
import { apiPeriod, readPeriod } from "./period.ts";

const fields = ["creatorId", "agent", "model", "feature", "status", "jobId", "providerMessage"] as const;

/** Calls one by one, the newest first. */
export function CallsPage() {
  const understudy = useUnderstudy();
  const { get, set } = useFilters();
  const [explained, setExplained] = useState<string>();
  const period = readPeriod(get("from"), get("to"), new Date());
  const { from, to } = apiPeriod(period);
  const query = {
    from: `${from}T00:00:00Z`,
    to: `${to}T00:00:00Z`,
    first: "newest",
    limit: 50,
    ...Object.fromEntries(fields.map((field) => [field, get(field)])),
  };
  return (
    <Page
      title="Calls"
      lead={
        <>
          Each is one request to Gemini, by the start of the call, from {period.from} to {period.to} (UTC) ·{" "}
          <Anchor size="sm" component={Link} to="/costs" underline="always">
            costs
          </Anchor>
        </>
      }
    >
      <Group gap="sm" align="flex-end">
        {fields
          .filter((field) => field !== "status")
          .map((field) => (
            <FilterField
              key={field}
              label={labels[field]}
              value={get(field)}
              onChange={(value) => set({ [field]: value })}
              width={150}
            />
          ))}
        <Select
          label="Status"
          w={140}
          clearable
          data={[...callStatuses]}
          value={get("status") ?? null}
          onChange={(status) => set({ status })}
        />
      </Group>
      <PagedTable
        label="Calls"
        queryKey={["calls", query]}
        fetchPage={(cursor) => understudy.calls({ ...query, cursor })}
        idOf={(call: Call) => call.id}
        columns={callColumns(setExplained)}
        empty="No call fits these filters."
      />
      <ExplainCall callId={explained} onClose={() => setExplained(undefined)} />
    </Page>
  );
}

const labels = {
  creatorId: "Creator",
  agent: "Agent",
  model: "Model",
  feature: "Feature",
  status: "Status",
  jobId: "Job",
  providerMessage: "Provider's words",
};

/** @param explain shows why a call cost what it cost */
export function callColumns(explain: (id: string) => void, ofOneJob = false): DataTableColumn<Call>[] {
  const number = (value: number) => value.toLocaleString("en");
  const columns: DataTableColumn<Call>[] = [
    {
      accessor: "startedAt",
      title: "Started",
      noWrap: true,
      render: ({ startedAt }) => <When at={startedAt} />,
    },
    {
      accessor: "jobId",
      title: "Job",
      noWrap: true,
      render: ({ jobId }) => (
        <Anchor component={Link} to={`/jobs/${jobId}`} size="sm" ff="monospace">
          {shortId(jobId)}
        </Anchor>
      ),
    },
    {
      accessor: "creatorId",
      title: "Creator",
      render: ({ creatorId }) => (
        <Anchor component={Link} to={`/creators/${creatorId}`} size="sm">
          {creatorId}
        </Anchor>
      ),
    },
    { accessor: "agentId", title: "Agent" },
    { accessor: "stepKey", title: "Step", ...(ofOneJob ? {} : { hidden: true }) },
    { accessor: "model", title: "Model", noWrap: true },
    {
      accessor: "status",
      title: "Status",
      render: ({ status, errorCode, providerMessage }) => (
        <>
          <Group gap={6} wrap="nowrap">
            <StatusBadge status={status} />
            {errorCode}
          </Group>
          {providerMessage !== undefined && (
            <Text size="xs" c="dimmed" lineClamp={2} maw={320} title={providerMessage}>
              {providerMessage}
            </Text>
          )}
        </>
      ),
    },
    {
      accessor: "tokens",
      title: "Tokens in / out / thoughts",
      textAlign: "right",
      noWrap: true,
      render: (call) =>
        `${number(call.inputTokens)} / ${number(call.outputTokens)} / ${number(call.thoughtTokens)}`,
    },
    {
      accessor: "costUsd",
      title: "Cost",
      textAlign: "right",
      noWrap: true,
      render: (call) => (call.costUsd === null ? `up to ${call.holdUsd}` : <Usd amount={call.costUsd} />),
    },
    {
      accessor: "explain",
      title: "",
      textAlign: "right",
      render: ({ id }) => (
        <Button
          size="compact-sm"
          variant="subtle"
          aria-label={`Explain the cost of ${id}`}
          onClick={() => explain(id)}
        >
          Explain
        </Button>
      ),
    },
  ];
  return columns.filter(({ accessor }) => !ofOneJob || (accessor !== "jobId" && accessor !== "creatorId"));
}
