import { Alert, Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useUnderstudy } from "../api/understudy-context.tsx";
import { Icon } from "./icon.tsx";

export const spendingKey = ["spending"];

/** Over every page, while all spending is stopped. */
export function SpendingNote() {
  const understudy = useUnderstudy();
  const { data } = useQuery({ queryKey: spendingKey, queryFn: understudy.spending, refetchInterval: 15_000 });
  if (!data?.stopped) return null;
  return (
    <Alert
      color="red"
      variant="filled"
      mb="md"
      icon={<Icon name="warning" />}
      title="All spending is stopped"
      role="status"
    >
      No call is made, and jobs wait, until it is let go on in{" "}
      <Anchor component={Link} to="/settings" c="inherit" td="underline">
        Settings
      </Anchor>
      .
    </Alert>
  );
}
