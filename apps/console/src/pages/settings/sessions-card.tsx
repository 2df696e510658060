import { Card, Group, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ActionButton } from "../../layout/action-button.tsx";
import { Loaded } from "../../layout/page.tsx";
import { Table } from "../../layout/paged-table.tsx";
import { When } from "../../layout/show.tsx";

/** Who is signed in, and the end of that. */
export function SessionsCard() {
  const understudy = useUnderstudy();
  const sessions = useQuery({ queryKey: ["sessions"], queryFn: understudy.sessions });
  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5">
          Signed in
        </Title>
        <ActionButton
          variant="default"
          act={understudy.endAllSessions}
          done="All sessions have ended."
          confirm={{
            title: "End all sessions?",
            text: "Everybody signs in anew, you as well.",
            verb: "End all",
          }}
        >
          End all
        </ActionButton>
      </Group>
      <Loaded query={sessions} height={80}>
        {({ items }) => (
          <Table
            label="Sessions"
            records={items}
            idOf={({ id }) => id}
            empty="Nobody is signed in."
            columns={[
              {
                accessor: "actor",
                title: "Who",
                render: ({ actor, isCurrent }) => (
                  <>
                    {actor}
                    {isCurrent && (
                      <Text size="xs" c="dimmed">
                        this browser
                      </Text>
                    )}
                  </>
                ),
              },
              {
                accessor: "address",
                title: "From",
                render: ({ address, userAgent }) => (
                  <>
                    {address}
                    <Text size="xs" c="dimmed" lineClamp={1}>
                      {userAgent}
                    </Text>
                  </>
                ),
              },
              { accessor: "createdAt", title: "Since", render: ({ createdAt }) => <When at={createdAt} /> },
              {
                accessor: "lastSeenAt",
                title: "Last seen",
                render: ({ lastSeenAt }) => <When at={lastSeenAt} />,
              },
              {
                accessor: "id",
                title: "",
                textAlign: "right",
                render: ({ id, isCurrent }) =>
                  !isCurrent && (
                    <ActionButton
                      size="xs"
                      variant="default"
                      label={`End ${id}`}
                      act={() => understudy.endSession(id)}
                      done="The session has ended."
                    >
                      End
                    </ActionButton>
                  ),
              },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}
