import { Anchor, Badge, Group, Text } from "@mantine/core";
import type { CreatorAccount } from "@understudy/contracts";
import type { DataTableColumn } from "mantine-datatable";
import { Link } from "react-router";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { FilterField } from "../../layout/filter-field.tsx";
import { Page } from "../../layout/page.tsx";
import { PagedTable } from "../../layout/paged-table.tsx";
import { StatusBadge, When } from "../../layout/show.tsx";
import { useFilters } from "../../layout/use-filters.ts";
import { QuotaBar } from "./quota-bar.tsx";

/** All creators: what they may do, and how much of it they have done. */
export function CreatorsPage() {
  const understudy = useUnderstudy();
  const { get, set } = useFilters();
  const q = get("q");
  return (
    <Page
      title="Creators"
      lead="Their plan, what they have spent this month, and how fast their jobs may start."
    >
      <FilterField label="Part of the id" value={q} onChange={(next) => set({ q: next })} width={260} />
      <PagedTable
        label="Creators"
        queryKey={["creators", q]}
        fetchPage={(cursor) => understudy.creatorAccounts({ q, cursor, limit: 25 })}
        idOf={({ creator }: CreatorAccount) => creator.id}
        columns={columns}
        empty={
          q
            ? "No creator's id contains that."
            : "No creator yet: each is made by their first job, or by PUT /api/ai/creators/{id}."
        }
        refetchIntervalMs={10_000}
      />
    </Page>
  );
}

const columns: DataTableColumn<CreatorAccount>[] = [
  {
    accessor: "creator.id",
    title: "Creator",
    render: ({ creator }) => (
      <Group gap="xs" wrap="nowrap">
        <Anchor component={Link} to={`/creators/${creator.id}`} size="sm" fw={600}>
          {creator.id}
        </Anchor>
        {creator.pausedAt && <StatusBadge status="paused" />}
      </Group>
    ),
  },
  {
    accessor: "creator.plan",
    title: "Plan",
    render: ({ creator }) => (
      <Group gap="xs" wrap="nowrap">
        {creator.plan}
        {creator.overrides.length > 0 && (
          <Badge variant="default" tt="none" title={`Not the plan's: ${creator.overrides.join(", ")}`}>
            own terms
          </Badge>
        )}
      </Group>
    ),
  },
  {
    accessor: "quota",
    title: "Quota of the month",
    width: 320,
    render: ({ quota }) => <QuotaBar quota={quota} />,
  },
  {
    accessor: "bucket",
    title: "Bucket",
    noWrap: true,
    render: ({ creator, limits }) => (
      <Text size="sm" className="figure">
        {limits && `${limits.remaining.toLocaleString("en")} of `}
        {creator.bucket.burst.toLocaleString("en")}, {creator.bucket.ratePerHour.toLocaleString("en")} an hour
      </Text>
    ),
  },
  {
    accessor: "waiting",
    title: "In the lane",
    textAlign: "right",
    render: ({ limits }) => limits?.waiting.toLocaleString("en") ?? "–",
  },
  {
    accessor: "nextToken",
    title: "Next token",
    noWrap: true,
    render: ({ limits }) =>
      limits === null ? "–" : limits.remaining > 0 ? "there is one" : <When at={limits.nextTokenAt} ago />,
  },
];
