// The pages of the house: the demo, or a study with its sign-in.
import '@mantine/core/styles.css';
import './app.css';
import './trial.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { startTexts } from '../i18n';
import { useSessionState } from '../session/session';
import { ApiError } from '../shared/api';
import { Waiting } from '../shared/states';
import { App } from './App';
import { colours, theme } from './theme';

const TrialApp = lazy(() => import('../session/TrialApp').then((m) => ({ default: m.TrialApp })));

// What Lumbar serves of a demo does not change under an open page; pages of a study say themselves how fresh they must be.
// A refusal is not worth asking twice.
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status === 503),
    },
  },
});

function Face() {
  const { session } = useSessionState();
  return session?.mode === 'demo' ? <App /> : <Suspense fallback={<Waiting />}><TrialApp /></Suspense>;
}

export async function start() {
  await startTexts();
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={colours} defaultColorScheme="auto">
        <QueryClientProvider client={queries}>
          <Face />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
