import { Button, Group, NumberInput, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Plan, PlanUpdate } from "@understudy/contracts";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";
import { isUsd } from "../../money/usd.ts";

/** The whole of a plan. @param plan undefined: a new one */
export function PlanForm({ plan, onDone }: { plan: Plan | undefined; onDone: () => void }) {
  const understudy = useUnderstudy();
  const queryClient = useQueryClient();
  const form = useForm({
    initialValues: {
      name: plan?.name ?? "",
      priceUsd: plan?.priceUsd ?? "0",
      quotaUsd: plan?.quotaUsd ?? "",
      ratePerHour: (plan?.bucket.ratePerHour ?? 100) as number | string,
      burst: (plan?.bucket.burst ?? 20) as number | string,
      weight: (plan?.weight ?? 1) as number | string,
      usage: plan?.usage ?? ("billed" as const),
    },
    validate: {
      priceUsd: (value) =>
        /^\d{1,12}(\.\d{1,2})?$/.test(value) ? null : "USD in whole cents, such as 29.00",
      quotaUsd: (value) => (value === "" || isUsd(value) ? null : "A decimal number in USD, or nothing"),
      ratePerHour: (value) => (Number(value) > 0 ? null : "More than 0"),
      burst: (value) => (Number(value) >= 1 ? null : "1 at least"),
      weight: (value) => (Number(value) >= 1 ? null : "1 at least"),
    },
  });
  const save = useMutation({
    mutationFn: ({ name, quotaUsd, ratePerHour, burst, weight, ...terms }: typeof form.values) =>
      understudy.putPlan(name, {
        ...terms,
        quotaUsd: quotaUsd === "" ? null : quotaUsd,
        bucket: { ratePerHour: Number(ratePerHour), burst: Number(burst) },
        weight: Number(weight),
      } satisfies PlanUpdate),
    onSuccess: async ({ name }) => {
      notifications.show({ color: "green", message: `Plan ${name} is saved.` });
      onDone();
      await queryClient.invalidateQueries();
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack>
        {!plan && <TextInput label="Name" required {...form.getInputProps("name")} />}
        <Group grow align="flex-start">
          <TextInput label="Price a month, in USD" inputMode="decimal" {...form.getInputProps("priceUsd")} />
          <TextInput
            label="Quota a month, in USD"
            placeholder="none"
            inputMode="decimal"
            {...form.getInputProps("quotaUsd")}
          />
        </Group>
        <Group grow align="flex-start">
          <NumberInput
            label="Jobs an hour"
            min={0}
            thousandSeparator=","
            {...form.getInputProps("ratePerHour")}
          />
          <NumberInput
            label="Burst"
            min={1}
            allowDecimal={false}
            thousandSeparator=","
            {...form.getInputProps("burst")}
          />
          <NumberInput label="Weight" min={1} allowDecimal={false} {...form.getInputProps("weight")} />
        </Group>
        <div>
          <Text size="sm" fw={500} id="plan-usage">
            What calls cost is
          </Text>
          <SegmentedControl
            aria-labelledby="plan-usage"
            data={[
              { value: "billed", label: "billed beside the price" },
              { value: "included", label: "included in it" },
            ]}
            {...form.getInputProps("usage")}
          />
        </div>
        {plan && (
          <Text size="sm" c="dimmed">
            Quota, bucket and weight count at once, for what waits too; price and usage for the whole month
            under way.
          </Text>
        )}
        {save.error && <ProblemNote error={save.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
