import { Button, type ButtonProps, Group, Modal, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ProblemNote } from "./problem-note.tsx";

interface ActionButtonProps extends ButtonProps {
  children: ReactNode;
  act: () => Promise<unknown>;
  /** Said when it is done. */
  done: string | ((answer: unknown) => string);
  /** Asked before; what can be undone is not asked for. */
  confirm?: { title: string; text: ReactNode; verb: string };
  label?: string;
}

/** A button that does something to the world: it says that it is under way, done, or refused, and why. */
export function ActionButton({ act, done, confirm, children, label, ...button }: ActionButtonProps) {
  const [opened, { open, close }] = useDisclosure(false);
  const queryClient = useQueryClient();
  const action = useMutation({
    mutationFn: act,
    onSuccess: async (answer) => {
      close();
      notifications.show({ color: "green", message: typeof done === "function" ? done(answer) : done });
      await queryClient.invalidateQueries();
    },
    onError: (error) => {
      if (!confirm)
        notifications.show({ color: "red", title: "Not done", message: error.message, autoClose: 10_000 });
    },
  });
  const run = () => action.mutate();
  return (
    <>
      <Button
        {...button}
        {...(label !== undefined && { "aria-label": label })}
        loading={action.isPending}
        onClick={confirm ? open : run}
      >
        {children}
      </Button>
      {confirm && (
        <Modal opened={opened} onClose={close} title={confirm.title} centered>
          <Stack>
            <Text component="div" size="sm">
              {confirm.text}
            </Text>
            {action.error && <ProblemNote error={action.error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Leave it
              </Button>
              <Button color="red" loading={action.isPending} onClick={run} data-autofocus>
                {confirm.verb}
              </Button>
            </Group>
          </Stack>
        </Modal>
      )}
    </>
  );
}
