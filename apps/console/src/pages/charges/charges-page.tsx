import { Anchor, Group, Text, TextInput } from "@mantine/core";
import type { Charge, CloseResult } from "@understudy/contracts";
import type { DataTableColumn } from "mantine-datatable";
import { Link } from "react-router";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ActionButton } from "../../layout/action-button.tsx";
import { CsvButton } from "../../layout/csv-button.tsx";
import { FilterField } from "../../layout/filter-field.tsx";
import { Page } from "../../layout/page.tsx";
import { PagedTable } from "../../layout/paged-table.tsx";
import { StatusBadge, Usd } from "../../layout/show.tsx";
import { useFilters } from "../../layout/use-filters.ts";

/** What creators owe, a UTC month at a time. */
export function ChargesPage() {
  const understudy = useUnderstudy();
  const { get, set } = useFilters();
  const thisMonth = new Date().toISOString().slice(0, 7);
  const month = /^20\d{2}-\d{2}$/.test(get("month") ?? "") ? (get("month") ?? thisMonth) : thisMonth;
  const query = { month, creatorId: get("creatorId") };
  return (
    <Page
      title="Charges"
      lead="Plan price, usage where the plan bills it (rounded once, half up to cents), and adjustments of earlier months."
      actions={
        <>
          <CsvButton path="/admin/charges" query={query} fileName={`understudy-charges-${month}.csv`} />
          {month < thisMonth && <CloseMonth month={month} />}
        </>
      }
    >
      <Group gap="sm" align="flex-end">
        <TextInput
          type="month"
          label="Month (UTC)"
          value={month}
          max={thisMonth}
          onChange={(event) => set({ month: event.currentTarget.value })}
        />
        <FilterField label="Creator" value={query.creatorId} onChange={(creatorId) => set({ creatorId })} />
        {month === thisMonth && (
          <Text size="sm" c="dimmed">
            Drafts: what would be owed if the month ended now.
          </Text>
        )}
      </Group>
      <PagedTable
        label="Charges"
        queryKey={["charges", query]}
        fetchPage={(cursor) => understudy.charges({ ...query, cursor, limit: 50 })}
        idOf={({ creatorId }: Charge) => creatorId}
        columns={columns}
        empty={`Nobody owes anything for ${month}.`}
      />
    </Page>
  );
}

const columns: DataTableColumn<Charge>[] = [
  {
    accessor: "creatorId",
    title: "Creator",
    render: ({ creatorId }) => (
      <Anchor component={Link} to={`/creators/${creatorId}`} size="sm">
        {creatorId}
      </Anchor>
    ),
  },
  { accessor: "status", title: "Status", render: ({ status }) => <StatusBadge status={status} /> },
  { accessor: "plan", title: "Plan", render: ({ plan, usage }) => `${plan}, usage ${usage}` },
  {
    accessor: "planPriceUsd",
    title: "Plan price",
    textAlign: "right",
    render: (charge) => <Usd amount={charge.planPriceUsd} />,
  },
  {
    accessor: "costUsd",
    title: "Cost, exactly",
    textAlign: "right",
    render: (charge) => <Usd amount={charge.costUsd} />,
  },
  {
    accessor: "roundedUsd",
    title: "Rounded",
    textAlign: "right",
    render: (charge) => <Usd amount={charge.roundedUsd} />,
  },
  {
    accessor: "adjustments",
    title: "Adjustments",
    render: ({ adjustments }) =>
      adjustments.length === 0
        ? "–"
        : adjustments.map(({ amountUsd, originMonth, reason }) => (
            <Text key={originMonth + reason} size="sm" title={reason}>
              <Usd amount={amountUsd} /> for {originMonth}
            </Text>
          )),
  },
  {
    accessor: "amountUsd",
    title: "Owes",
    textAlign: "right",
    render: ({ amountUsd }) => (
      <b>
        <Usd amount={amountUsd} />
      </b>
    ),
  },
];

function CloseMonth({ month }: { month: string }) {
  const understudy = useUnderstudy();
  return (
    <ActionButton
      act={() => understudy.closeMonth(month)}
      done={(answer) => sayClosed(answer as CloseResult)}
      confirm={{
        title: `Close ${month}?`,
        text: "Months close by themselves a minute after they end; this does it now. A closed charge never changes: what is settled later is an adjustment of the next month.",
        verb: "Close the month",
      }}
    >
      Close the month
    </ActionButton>
  );
}

function sayClosed({ closed, alreadyClosed, notYetCount }: CloseResult): string {
  return `${closed} charged, ${alreadyClosed} were before, ${notYetCount} can't be yet.`;
}
