import { Button, Center, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { isSignedOut, sessionKey } from "../api/query-client.ts";
import { useUnderstudy } from "../api/understudy-context.tsx";
import { Logo } from "../layout/logo.tsx";
import { ProblemNote } from "../layout/problem-note.tsx";

/** Takes the admin key once; the API keeps the session in a cookie that no script can read. */
export function SignIn() {
  const understudy = useUnderstudy();
  const queryClient = useQueryClient();
  const [key, setKey] = useState("");
  const signIn = useMutation({
    mutationFn: () => understudy.signIn(key.trim()),
    onSuccess: (session) => queryClient.setQueryData(sessionKey, session),
  });
  const isRefused = isSignedOut(signIn.error);
  return (
    <Center component="main" mih="100vh" p="md" className="sign-in">
      <Paper withBorder shadow="md" radius="lg" p="xl" w="100%" maw={400}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            signIn.mutate();
          }}
        >
          <Stack>
            <Logo />
            <div>
              <Title order={1} size="h3">
                Sign in
              </Title>
              <Text c="dimmed" size="sm">
                With the admin key. <code>npm start</code> keeps it in <code>.understudy/admin-key</code>.
              </Text>
            </div>
            <PasswordInput
              label="Admin key"
              autoComplete="current-password"
              required
              data-autofocus
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
              error={isRefused && "That is not the admin key."}
            />
            {signIn.error && !isRefused && <ProblemNote error={signIn.error} />}
            <Button type="submit" loading={signIn.isPending}>
              Sign in
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
