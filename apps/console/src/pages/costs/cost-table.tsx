import { Anchor, Pagination, Text } from "@mantine/core";
import type { CostSums, Costs } from "@understudy/contracts";
import { DataTable, type DataTableColumn, type DataTableSortStatus } from "mantine-datatable";
import { useState } from "react";
import { Link } from "react-router";
import { pageWith } from "../../api/understudy.ts";
import { Usd } from "../../layout/show.tsx";
import { percentOf } from "../../money/usd.ts";
import { type CostView, filterOf } from "./cost-filters.tsx";
import { sortCosts } from "./sort-costs.ts";

type Row = Costs["rows"][number];

const perPage = 50;

/** The sums of each key; the last line is the API's own total. */
export function CostTable({ costs, view }: { costs: Costs; view: CostView }) {
  const [sort, setSort] = useState<DataTableSortStatus<Row>>({
    columnAccessor: "costUsd",
    direction: "desc",
  });
  const [page, setPage] = useState(1);
  const rows = sortCosts(costs.rows, sort.columnAccessor as keyof Row, sort.direction);
  const last = Math.max(1, Math.ceil(rows.length / perPage));
  const shown = Math.min(page, last);
  return (
    <section aria-label="Costs">
      <DataTable
        withTableBorder
        borderRadius="md"
        highlightOnHover
        verticalSpacing="xs"
        idAccessor="key"
        records={rows.slice((shown - 1) * perPage, shown * perPage)}
        columns={columnsFor(costs, view)}
        sortStatus={sort}
        onSortStatusChange={setSort}
        minHeight={rows.length === 0 ? 140 : 0}
        emptyState={
          <Text c="dimmed" size="sm">
            No call has ended in this period.
          </Text>
        }
        scrollAreaProps={{
          type: "auto",
          viewportProps: { tabIndex: 0, role: "group", "aria-label": "Costs" },
        }}
      />
      {last > 1 && (
        <Pagination
          mt="sm"
          total={last}
          value={shown}
          onChange={setPage}
          getItemProps={(number) => ({ "aria-label": `Page ${number}` })}
        />
      )}
    </section>
  );
}

function columnsFor({ total }: Costs, view: CostView): DataTableColumn<Row>[] {
  const { by, filters, period } = view;
  const narrowed = (key: string) => ({ ...filters, ...period, [filterOf[by]]: key });
  const tokens = (accessor: keyof CostSums, title: string): DataTableColumn<Row> => ({
    accessor,
    title,
    textAlign: "right",
    sortable: true,
    render: (row) => row[accessor].toLocaleString("en"),
    footer: total[accessor].toLocaleString("en"),
  });
  return [
    {
      accessor: "key",
      title: by,
      sortable: true,
      render: ({ key }) => (
        <Anchor component={Link} to={pageWith("/costs/calls", narrowed(key))} size="sm">
          {key}
        </Anchor>
      ),
      footer: "Total",
    },
    tokens("calls", "Calls"),
    tokens("inputTokens", "Input"),
    tokens("cachedTokens", "of it cached"),
    tokens("outputTokens", "Output"),
    tokens("thoughtTokens", "Thoughts"),
    {
      accessor: "costUsd",
      title: "Cost",
      textAlign: "right",
      sortable: true,
      render: ({ costUsd }) => <Usd amount={costUsd} />,
      footer: (
        <span data-testid="cost-total">
          <Usd amount={total.costUsd} />
        </span>
      ),
    },
    {
      accessor: "share",
      title: "Share",
      textAlign: "right",
      render: ({ costUsd }) => `${percentOf(costUsd, total.costUsd)} %`,
      footer: "",
    },
    {
      accessor: "unknownUsd",
      title: "Unknown up to",
      textAlign: "right",
      sortable: true,
      render: ({ unknownUsd }) => (unknownUsd === "0" ? "–" : <Usd amount={unknownUsd} />),
      footer: total.unknownUsd === "0" ? "–" : <Usd amount={total.unknownUsd} />,
    },
  ];
}
