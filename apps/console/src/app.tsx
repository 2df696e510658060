import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { BrowserRouter } from "react-router";
import { createQueryClient } from "./api/query-client.ts";
import type { Understudy } from "./api/understudy.ts";
import { UnderstudyContext } from "./api/understudy-context.tsx";
import { SessionGate } from "./session/session-gate.tsx";
import { readableColors, theme } from "./theme.ts";

/** The console. @param understudy the API that it shows and acts on */
export function App({ understudy }: { understudy: Understudy }) {
  const [queryClient] = useState(createQueryClient);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={readableColors} defaultColorScheme="auto">
      <Notifications position="top-right" />
      <UnderstudyContext value={understudy}>
        <QueryClientProvider client={queryClient}>
          <BrowserRouter>
            <SessionGate />
          </BrowserRouter>
        </QueryClientProvider>
      </UnderstudyContext>
    </MantineProvider>
  );
}
