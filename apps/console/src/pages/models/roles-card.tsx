import { Button, Card, Group, Modal, Select, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ModelRole, modelRoles } from "@understudy/contracts";
import { useState } from "react";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ActionButton } from "../../layout/action-button.tsx";
import { Loaded } from "../../layout/page.tsx";
import { Table } from "../../layout/paged-table.tsx";
import { RoleForm } from "./role-form.tsx";

/** What each role is, for whoever chooses its models. */
const purposes: Record<ModelRole, string> = {
  draft: "writes the reply to a fan",
  check: "judges what is written",
  offer: "words an offer",
  caption: "writes captions",
  explain: "explains figures",
  summary: "sums a conversation up",
  embed: "finds what is alike",
};

interface Row {
  role: ModelRole;
  models: string[];
  /** A plan has a list of its own. */
  isOwn: boolean;
}

/** Which models answer for a role, for all or for a plan's creators. */
export function RolesCard() {
  const understudy = useUnderstudy();
  const [plan, setPlan] = useState<string | null>(null);
  const plans = useQuery({ queryKey: ["plans"], queryFn: understudy.plans });
  const ofAll = useQuery({ queryKey: ["roles"], queryFn: () => understudy.roles() });
  const ofPlan = useQuery({
    queryKey: ["roles", plan],
    queryFn: () => understudy.roles(plan ?? undefined),
    enabled: plan !== null,
  });
  const [edited, setEdited] = useState<Row>();
  const own = plan === null ? ofAll : ofPlan;
  const rows = modelRoles.map((role): Row => {
    const models = own.data?.roles[role];
    return { role, models: models ?? ofAll.data?.roles[role] ?? [], isOwn: models !== undefined };
  });
  return (
    <Card withBorder>
      <Group justify="space-between" align="flex-end" mb="sm">
        <div>
          <Title order={2} size="h5">
            Roles
          </Title>
          <Text size="sm" c="dimmed">
            The first model that can be called answers. GEMINI_MODEL, where it is set, comes before them for
            texts.
          </Text>
        </div>
        <Select
          label="For"
          placeholder="all creators"
          clearable
          data={plans.data?.items.map(({ name }) => ({ value: name, label: `plan ${name}` })) ?? []}
          value={plan}
          onChange={setPlan}
        />
      </Group>
      <Loaded query={ofAll.data === undefined ? ofAll : own} height={240}>
        {() => (
          <Table
            label="Roles"
            records={rows}
            idOf={({ role }) => role}
            empty="No role."
            columns={[
              { accessor: "role", title: "Role" },
              { accessor: "purpose", title: "It", render: ({ role }) => purposes[role] },
              {
                accessor: "models",
                title: "Models, in their order",
                render: ({ models, isOwn }) => (
                  <Text size="sm" {...(!isOwn && { c: "dimmed" })}>
                    {models.join(", ")}
                    {!isOwn && " (as for all)"}
                  </Text>
                ),
              },
              {
                accessor: "edit",
                title: "",
                textAlign: "right",
                render: (row) => (
                  <Group gap="xs" justify="flex-end" wrap="nowrap">
                    {plan !== null && row.isOwn && (
                      <ActionButton
                        size="compact-sm"
                        variant="default"
                        label={`Let ${row.role} be as for all`}
                        act={() => understudy.setRole(row.role, null, plan)}
                        done={`${row.role} of plan ${plan} is as for all.`}
                      >
                        As for all
                      </ActionButton>
                    )}
                    <Button
                      size="compact-sm"
                      variant="default"
                      aria-label={`Change role ${row.role}`}
                      onClick={() => setEdited(row)}
                    >
                      Change
                    </Button>
                  </Group>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      <Modal
        opened={edited !== undefined}
        onClose={() => setEdited(undefined)}
        title={`Role ${edited?.role}${plan === null ? "" : ` of plan ${plan}`}`}
        centered
      >
        {edited && (
          <RoleForm
            role={edited.role}
            models={edited.models}
            plan={plan ?? undefined}
            onDone={() => setEdited(undefined)}
          />
        )}
      </Modal>
    </Card>
  );
}
