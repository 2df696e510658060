import { Button, Card, Group, Modal, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Plan } from "@understudy/contracts";
import { useState } from "react";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { Loaded } from "../../layout/page.tsx";
import { Table } from "../../layout/paged-table.tsx";
import { Usd, When } from "../../layout/show.tsx";
import { PlanForm } from "./plan-form.tsx";

/** Plans, and changing them. */
export function PlansCard() {
  const understudy = useUnderstudy();
  const plans = useQuery({ queryKey: ["plans"], queryFn: understudy.plans });
  const [edited, setEdited] = useState<Plan | "new">();
  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5">
          Plans
        </Title>
        <Button size="sm" variant="default" onClick={() => setEdited("new")}>
          Add a plan
        </Button>
      </Group>
      <Loaded query={plans}>
        {({ items }) => (
          <Table
            label="Plans"
            records={items}
            idOf={({ name }) => name}
            empty="No plan."
            columns={[
              { accessor: "name", title: "Plan" },
              {
                accessor: "priceUsd",
                title: "Price a month",
                textAlign: "right",
                render: ({ priceUsd }) => <Usd amount={priceUsd} />,
              },
              {
                accessor: "quotaUsd",
                title: "Quota a month",
                textAlign: "right",
                render: ({ quotaUsd }) => (quotaUsd === null ? "none" : <Usd amount={quotaUsd} />),
              },
              {
                accessor: "bucket",
                title: "Bucket",
                render: ({ bucket }) =>
                  `${bucket.ratePerHour.toLocaleString("en")} an hour, burst ${bucket.burst.toLocaleString("en")}`,
              },
              { accessor: "weight", title: "Weight", textAlign: "right" },
              { accessor: "usage", title: "Usage" },
              {
                accessor: "validFrom",
                title: "Since",
                noWrap: true,
                render: ({ validFrom }) => <When at={validFrom} ago />,
              },
              {
                accessor: "edit",
                title: "",
                textAlign: "right",
                render: (plan) => (
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={`Change ${plan.name}`}
                    onClick={() => setEdited(plan)}
                  >
                    Change
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      <Modal
        opened={edited !== undefined}
        onClose={() => setEdited(undefined)}
        title={edited === "new" ? "Add a plan" : `Change ${edited?.name}`}
        centered
      >
        {edited && (
          <PlanForm plan={edited === "new" ? undefined : edited} onDone={() => setEdited(undefined)} />
        )}
      </Modal>
    </Card>
  );
}
