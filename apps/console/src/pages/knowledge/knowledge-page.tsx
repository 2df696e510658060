import { Group, SegmentedControl, Text } from "@mantine/core";
import type { Insight } from "@understudy/contracts";
import type { DataTableColumn } from "mantine-datatable";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ActionButton } from "../../layout/action-button.tsx";
import { FilterField } from "../../layout/filter-field.tsx";
import { Page } from "../../layout/page.tsx";
import { PagedTable } from "../../layout/paged-table.tsx";
import { StatusBadge, When } from "../../layout/show.tsx";
import { useFilters } from "../../layout/use-filters.ts";
import { EraseFan } from "./erase-fan.tsx";

/** What agents have learned, and how it is forgotten. */
export function KnowledgePage() {
  const understudy = useUnderstudy();
  const { get, set } = useFilters();
  const creatorId = get("creatorId");
  const query = { scope: get("scope"), type: get("type"), fanId: get("fanId"), limit: 50 };
  return (
    <Page
      title="Knowledge"
      lead="What agents learned in a creator's jobs, and what counts for everyone."
      actions={<EraseFan creatorId={creatorId} fanId={query.fanId} />}
    >
      <Group gap="sm" align="flex-end">
        <FilterField
          label="Creator"
          value={creatorId}
          onChange={(next) => set({ creatorId: next })}
          placeholder="required"
          width={180}
        />
        <SegmentedControl
          aria-label="Whose insights"
          value={query.scope ?? "creator"}
          onChange={(scope) => set({ scope })}
          data={[
            { value: "creator", label: "the creator's own" },
            { value: "everyone", label: "everyone's" },
          ]}
        />
        <FilterField label="Type" value={query.type} onChange={(type) => set({ type })} width={150} />
        <FilterField label="Fan" value={query.fanId} onChange={(fanId) => set({ fanId })} width={150} />
      </Group>
      {creatorId === undefined ? (
        <Text c="dimmed">Name a creator to see what was learned for them.</Text>
      ) : (
        <PagedTable
          label="Insights"
          queryKey={["insights", creatorId, query]}
          fetchPage={(cursor) => understudy.insights(creatorId, { ...query, cursor })}
          idOf={({ id }: Insight) => id}
          columns={columnsOf(creatorId)}
          empty="Nothing that fits was learned so far."
        />
      )}
    </Page>
  );
}

function columnsOf(creatorId: string): DataTableColumn<Insight>[] {
  return [
    { accessor: "type", title: "Type", render: ({ type }) => <StatusBadge status={type} /> },
    {
      accessor: "text",
      title: "What",
      width: 420,
      render: ({ text }) => (
        <Text size="sm" className="story-text">
          {text}
        </Text>
      ),
    },
    { accessor: "fanId", title: "About the fan", render: ({ fanId }) => fanId ?? "–" },
    { accessor: "source", title: "Learned by" },
    {
      accessor: "confidence",
      title: "Confidence",
      textAlign: "right",
      render: ({ confidence }) => confidence.toFixed(2),
    },
    {
      accessor: "outcomes",
      title: "Did well / not",
      textAlign: "right",
      render: ({ outcomes }) => `${outcomes.good} / ${outcomes.bad}`,
    },
    {
      accessor: "createdAt",
      title: "Since",
      noWrap: true,
      render: ({ createdAt }) => <When at={createdAt} ago />,
    },
    {
      accessor: "delete",
      title: "",
      textAlign: "right",
      render: (insight) =>
        insight.scope === "creator" && <DeleteInsight creatorId={creatorId} insight={insight} />,
    },
  ];
}

function DeleteInsight({ creatorId, insight }: { creatorId: string; insight: Insight }) {
  const understudy = useUnderstudy();
  return (
    <ActionButton
      size="compact-sm"
      variant="default"
      label={`Delete the insight ${insight.id}`}
      act={() => understudy.deleteInsight(creatorId, insight.id)}
      done="The insight is deleted: no agent finds it any more."
      confirm={{ title: "Delete this insight?", text: insight.text, verb: "Delete it" }}
    >
      Delete
    </ActionButton>
  );
}
