import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ModelRole } from "@understudy/contracts";
import { useState } from "react";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { Loaded } from "../../layout/page.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";

interface RoleFormProps {
  role: ModelRole;
  models: readonly string[];
  /** Undefined: for all. */
  plan: string | undefined;
  onDone: () => void;
}

/** The models of a role in their order. */
export function RoleForm({ role, models, plan, onDone }: RoleFormProps) {
  const understudy = useUnderstudy();
  const queryClient = useQueryClient();
  const registry = useQuery({ queryKey: ["models"], queryFn: understudy.models });
  const [chosen, setChosen] = useState([...models]);
  const save = useMutation({
    mutationFn: () => understudy.setRole(role, chosen, plan),
    onSuccess: async () => {
      notifications.show({ color: "green", message: `Role ${role} is answered by ${chosen.join(", ")}.` });
      onDone();
      await queryClient.invalidateQueries();
    },
  });
  const without = (model: string) => chosen.filter((one) => one !== model);
  const first = (model: string) => setChosen([model, ...without(model)]);
  return (
    <Loaded query={registry}>
      {({ items }) => (
        <Stack>
          {chosen.map((model, index) => (
            <Group key={model} justify="space-between" wrap="nowrap">
              <Text size="sm">{`${index + 1}. ${model}`}</Text>
              <Group gap="xs" wrap="nowrap">
                {index > 0 && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={`Put ${model} first`}
                    onClick={() => first(model)}
                  >
                    First
                  </Button>
                )}
                {chosen.length > 1 && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={`Take ${model} out`}
                    onClick={() => setChosen(without(model))}
                  >
                    Take out
                  </Button>
                )}
              </Group>
            </Group>
          ))}
          <Select
            label="Add a model"
            placeholder="after the others"
            searchable
            value={null}
            data={items
              .filter(({ model, status, capabilities }) => {
                const fits = (capabilities.purpose === "embed") === (role === "embed");
                return fits && status !== "retired" && !chosen.includes(model);
              })
              .map(({ model }) => model)}
            onChange={(model) => model !== null && setChosen([...chosen, model])}
          />
          {save.error && <ProblemNote error={save.error} />}
          <Group justify="flex-end">
            <Button loading={save.isPending} onClick={() => save.mutate()}>
              Save
            </Button>
          </Group>
        </Stack>
      )}
    </Loaded>
  );
}
