import { Center, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { isSignedOut, sessionKey } from "../api/query-client.ts";
import { useUnderstudy } from "../api/understudy-context.tsx";
import { ProblemNote } from "../layout/problem-note.tsx";
import { Shell } from "../layout/shell.tsx";
import { SignIn } from "./sign-in.tsx";

/** The console for those who have signed in; the sign-in for others. */
export function SessionGate() {
  const understudy = useUnderstudy();
  const session = useQuery({
    queryKey: sessionKey,
    queryFn: () =>
      understudy.session().catch((error: unknown) => {
        if (isSignedOut(error)) return null;
        throw error;
      }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (session.data) return <Shell />;
  if (session.data === null) return <SignIn />;
  return (
    <Center component="main" mih="100vh" p="md">
      {session.error ? (
        <ProblemNote error={session.error} onRetry={() => void session.refetch()} />
      ) : (
        <Loader aria-label="Loading" />
      )}
    </Center>
  );
}
