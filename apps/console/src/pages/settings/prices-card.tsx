import { Badge, Button, Card, Group, Modal, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Price, serviceTiers } from "@understudy/contracts";
import type { DataTableColumn } from "mantine-datatable";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { Loaded } from "../../layout/page.tsx";
import { Table } from "../../layout/paged-table.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";
import { Source, Usd, When } from "../../layout/show.tsx";
import { isUsd } from "../../money/usd.ts";

/** Prices, by their dates. A price is never edited: a new one begins later. */
export function PricesCard() {
  const understudy = useUnderstudy();
  const prices = useQuery({ queryKey: ["prices"], queryFn: understudy.prices });
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <div>
          <Title order={2} size="h5">
            Prices
          </Title>
          <Text size="sm" c="dimmed">
            USD for a million tokens. A model without one is refused.
          </Text>
        </div>
        <Button size="sm" variant="default" onClick={open}>
          Add a price
        </Button>
      </Group>
      <Loaded query={prices}>
        {({ items }) => (
          <Table
            label="Prices"
            records={items}
            columns={columns}
            idOf={(price) =>
              `${price.provider} ${price.model} ${price.serviceTier} ${price.regionClass} ${price.validFrom}`
            }
            empty="No price: no model can be used."
          />
        )}
      </Loaded>
      <Modal opened={opened} onClose={close} title="Add a price" centered>
        <PriceForm onDone={close} />
      </Modal>
    </Card>
  );
}

const amount = (
  accessor: "inputUsd" | "outputUsd" | "cachedUsd" | "audioInputUsd",
  title: string,
): DataTableColumn<Price> => ({
  accessor,
  title,
  textAlign: "right",
  render: (price) => <Usd amount={price[accessor]} />,
});

const columns: DataTableColumn<Price>[] = [
  { accessor: "model", title: "Model", noWrap: true },
  { accessor: "serviceTier", title: "Tier" },
  {
    accessor: "validFrom",
    title: "From",
    noWrap: true,
    render: ({ validFrom, inForce }) => (
      <Group gap="xs" wrap="nowrap">
        <When at={validFrom} />
        {inForce && (
          <Badge variant="light" color="green" tt="none" className="status-badge">
            in force
          </Badge>
        )}
      </Group>
    ),
  },
  amount("inputUsd", "Input"),
  amount("cachedUsd", "Cached"),
  amount("outputUsd", "Output, thoughts"),
  amount("audioInputUsd", "Audio input"),
  {
    accessor: "longContext",
    title: "Long context",
    noWrap: true,
    render: ({ longContext }) =>
      longContext
        ? `above ${longContext.above.toLocaleString("en")}: $${longContext.inputUsd} in, $${longContext.outputUsd} out`
        : "–",
  },
  {
    accessor: "source",
    title: "Source",
    noWrap: true,
    render: ({ source }) => <Source text={source} />,
  },
];

function PriceForm({ onDone }: { onDone: () => void }) {
  const understudy = useUnderstudy();
  const queryClient = useQueryClient();
  const isAmount = (value: string) => (isUsd(value) ? null : "USD, such as 0.30");
  const form = useForm({
    initialValues: {
      model: "",
      serviceTier: "standard",
      inputUsd: "",
      cachedUsd: "",
      outputUsd: "",
      source: "",
    },
    validate: { inputUsd: isAmount, cachedUsd: isAmount, outputUsd: isAmount },
  });
  const add = useMutation({
    mutationFn: (values: typeof form.values) => understudy.addPrice(values),
    onSuccess: async ({ model, validFrom }) => {
      notifications.show({ color: "green", message: `${model} has this price from ${validFrom} on.` });
      onDone();
      await queryClient.invalidateQueries();
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => add.mutate(values))}>
      <Stack>
        <Group grow>
          <TextInput
            label="Model"
            required
            placeholder="gemini-3.5-flash-lite"
            {...form.getInputProps("model")}
          />
          <Select
            label="Tier"
            allowDeselect={false}
            data={[...serviceTiers]}
            {...form.getInputProps("serviceTier")}
          />
        </Group>
        <Group grow align="flex-start">
          <TextInput label="Input" required {...form.getInputProps("inputUsd")} />
          <TextInput label="Cached input" required {...form.getInputProps("cachedUsd")} />
          <TextInput label="Output" required {...form.getInputProps("outputUsd")} />
        </Group>
        <TextInput
          label="Where it was read"
          required
          placeholder="https://ai.google.dev/gemini-api/docs/pricing"
          {...form.getInputProps("source")}
        />
        <Text size="sm" c="dimmed">
          USD for a million tokens. It begins as soon as every process can know it. Prices of audio and long
          context: npm run prices -- add.
        </Text>
        {add.error && <ProblemNote error={add.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={add.isPending}>
            Add
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
