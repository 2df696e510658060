import {
  Button,
  Card,
  Group,
  NumberInput,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Creator, CreatorUpdate, Plan } from "@understudy/contracts";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";
import { isUsd } from "../../money/usd.ts";

interface Terms {
  plan: string;
  ownBucket: boolean;
  ratePerHour: number | string;
  burst: number | string;
  ownQuota: boolean;
  quotaUsd: string;
}

/** A creator's plan, and what is their own in place of the plan's. A change applies at once, to what waits too. */
export function TermsForm({ creator }: { creator: Creator }) {
  const understudy = useUnderstudy();
  const queryClient = useQueryClient();
  const plans = useQuery({ queryKey: ["plans"], queryFn: understudy.plans });
  const form = useForm<Terms>({
    initialValues: {
      plan: creator.plan,
      ownBucket: creator.overrides.includes("bucket"),
      ...creator.bucket,
      ownQuota: creator.overrides.includes("quotaUsd"),
      quotaUsd: creator.quotaUsd ?? "",
    },
    validate: {
      quotaUsd: (value, { ownQuota }) =>
        ownQuota && !isUsd(value) ? "A decimal number in USD, such as 25.50" : null,
      ratePerHour: (value, { ownBucket }) => (ownBucket && !(Number(value) > 0) ? "More than 0" : null),
      burst: (value, { ownBucket }) => (ownBucket && !(Number(value) >= 1) ? "1 at least" : null),
    },
  });
  const save = useMutation({
    mutationFn: (terms: Terms) => understudy.updateCreator(creator.id, updateOf(terms)),
    onSuccess: async () => {
      notifications.show({ color: "green", message: `${creator.id}'s terms are changed.` });
      await queryClient.invalidateQueries();
    },
  });
  const { ownBucket, ownQuota, plan } = form.values;
  return (
    <Card withBorder>
      <form onSubmit={form.onSubmit((terms) => save.mutate(terms))}>
        <Stack>
          <Title order={2} size="h5">
            Terms
          </Title>
          <Select
            label="Plan"
            allowDeselect={false}
            data={plans.data?.items.map(({ name }) => name) ?? [creator.plan]}
            {...form.getInputProps("plan")}
          />
          <PlanTerms plan={plans.data?.items.find(({ name }) => name === plan)} />
          <Switch label="A bucket of their own" {...form.getInputProps("ownBucket", { type: "checkbox" })} />
          {ownBucket && (
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
            </Group>
          )}
          <Switch label="A quota of their own" {...form.getInputProps("ownQuota", { type: "checkbox" })} />
          {ownQuota && (
            <TextInput
              label="Quota a month, in USD"
              inputMode="decimal"
              {...form.getInputProps("quotaUsd")}
            />
          )}
          {save.error && <ProblemNote error={save.error} />}
          <Group justify="flex-end">
            <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

function PlanTerms({ plan }: { plan: Plan | undefined }) {
  if (!plan) return null;
  return (
    <Text size="sm" c="dimmed">
      The plan: {plan.quotaUsd === null ? "no quota" : `$${plan.quotaUsd} a month`},{" "}
      {plan.bucket.ratePerHour.toLocaleString("en")} jobs an hour, burst{" "}
      {plan.bucket.burst.toLocaleString("en")}, weight {plan.weight}.
    </Text>
  );
}

/** Null goes back to the plan's. */
function updateOf(terms: Terms): CreatorUpdate {
  return {
    plan: terms.plan,
    bucket: terms.ownBucket ? { ratePerHour: Number(terms.ratePerHour), burst: Number(terms.burst) } : null,
    quotaUsd: terms.ownQuota ? terms.quotaUsd : null,
  };
}
