import { Alert, Button, Card, List, Modal, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Price, RegisteredModel } from "@understudy/contracts";
import { useState } from "react";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { Icon } from "../../layout/icon.tsx";
import { Loaded } from "../../layout/page.tsx";
import { Table } from "../../layout/paged-table.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";
import { Source, StatusBadge, Usd, When } from "../../layout/show.tsx";
import { ModelForm } from "./model-form.tsx";
import { retiring } from "./retiring.ts";

/** All models that are registered, and changing them. */
export function RegistryCard() {
  const understudy = useUnderstudy();
  const models = useQuery({ queryKey: ["models"], queryFn: understudy.models });
  const prices = useQuery({ queryKey: ["prices"], queryFn: understudy.prices });
  const [edited, setEdited] = useState<RegisteredModel>();
  return (
    <Card withBorder>
      <Title order={2} size="h5">
        Registry
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        Prices of today: USD for a million tokens of input, and of output and thoughts. A model is added by{" "}
        <code>npm run models -- set</code>, and called once it has a price.
      </Text>
      {prices.error && <ProblemNote error={prices.error} onRetry={() => void prices.refetch()} />}
      <Loaded query={models} height={320}>
        {({ items }) => (
          <>
            <RetiringNote models={items} />
            <Table
              label="Registry"
              records={items}
              idOf={({ provider, model }) => `${provider} ${model}`}
              empty="No model: nothing can be called."
              columns={[
                { accessor: "model", title: "Model", noWrap: true },
                {
                  accessor: "status",
                  title: "Status",
                  render: ({ status }) => <StatusBadge status={status} />,
                },
                {
                  accessor: "retiresAt",
                  title: "Retires",
                  noWrap: true,
                  render: ({ retiresAt }) => <When at={retiresAt} />,
                },
                {
                  accessor: "routedTo",
                  title: "Routed to",
                  noWrap: true,
                  render: ({ routedTo }) => routedTo ?? "–",
                },
                { accessor: "roles", title: "Roles", render: ({ roles }) => roles.join(", ") || "–" },
                {
                  accessor: "inputUsd",
                  title: "Input",
                  textAlign: "right",
                  render: (model) => <PriceNow price={priceOf(model, prices.data?.items)} part="inputUsd" />,
                },
                {
                  accessor: "outputUsd",
                  title: "Output",
                  textAlign: "right",
                  render: (model) => <PriceNow price={priceOf(model, prices.data?.items)} part="outputUsd" />,
                },
                { accessor: "source", title: "Source", render: ({ source }) => <Source text={source} /> },
                {
                  accessor: "edit",
                  title: "",
                  textAlign: "right",
                  render: (model) => (
                    <Button
                      size="compact-sm"
                      variant="default"
                      aria-label={`Change ${model.model}`}
                      onClick={() => setEdited(model)}
                    >
                      Change
                    </Button>
                  ),
                },
              ]}
            />
            <Modal
              opened={edited !== undefined}
              onClose={() => setEdited(undefined)}
              title={`Change ${edited?.model}`}
              centered
            >
              {edited && (
                <ModelForm
                  model={edited}
                  names={items.map(({ model }) => model)}
                  onDone={() => setEdited(undefined)}
                />
              )}
            </Modal>
          </>
        )}
      </Loaded>
    </Card>
  );
}

/** What stands in a role and ends soon: the next one is to be chosen before. */
function RetiringNote({ models }: { models: readonly RegisteredModel[] }) {
  const soon = retiring(models, new Date());
  if (soon.length === 0) return null;
  return (
    <Alert
      color="orange"
      variant="light"
      mb="sm"
      title="Models of roles retire soon"
      icon={<Icon name="warning" />}
      styles={{ title: { color: "var(--mantine-color-text)" } }}
    >
      <List size="sm">
        {soon.map(({ model, retiresAt, routedTo, roles }) => (
          <List.Item key={model}>
            {model} ({roles.join(", ")}) on <When at={retiresAt} />
            {routedTo !== undefined && `; then ${routedTo} answers in its place, at its own price`}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

function priceOf({ model }: RegisteredModel, prices: readonly Price[] = []): Price | undefined {
  return prices.find((price) => price.model === model && price.serviceTier === "standard" && price.inForce);
}

function PriceNow({ price, part }: { price: Price | undefined; part: "inputUsd" | "outputUsd" }) {
  return price ? <Usd amount={price[part]} /> : <>–</>;
}
