import { Anchor, Title } from "@mantine/core";
import type { JobStory } from "@understudy/contracts";
import { Link } from "react-router";
import { Table } from "../../layout/paged-table.tsx";
import { deliveryColumns } from "../webhooks/delivery-columns.tsx";

/** Whom the job's ends were told to. */
export function JobDeliveries({ events }: { events: JobStory["events"] }) {
  const deliveries = events.flatMap((event) => event.deliveries);
  if (deliveries.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h5" mb="xs">
        Deliveries
      </Title>
      <Table
        label="Deliveries of this job"
        records={deliveries}
        idOf={({ id }) => id}
        empty="No endpoint heard of it."
        columns={[
          {
            accessor: "endpointId",
            title: "Endpoint",
            render: ({ endpointId }) => (
              <Anchor component={Link} to={`/webhooks/${endpointId}`} size="sm" ff="monospace">
                {endpointId}
              </Anchor>
            ),
          },
          ...deliveryColumns,
        ]}
      />
    </section>
  );
}
