import './ui/tokens.css';
import './ui/base.css';
import './ui/ui.css';
import './ui/table.css';
import './app/shell.css';

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { ApiProvider, createApi } from './api/client';
import { asProblem } from './api/problem';
import { newRouter } from './app/router';
import { SignIn } from './auth/auth';
import { isPopupReturn, Session } from './auth/session';
import { loadConfig, type Config } from './config';
import { Plain } from './ui/plain';
import { ProblemView } from './ui/problem';

const root = createRoot(document.getElementById('root') as HTMLElement);

/** Polling, retries and their pace are usePolled's business alone. */
const newQueryClient = () =>
  new QueryClient({
    defaultOptions: {
      queries: { retry: false, refetchOnWindowFocus: false, refetchOnReconnect: false, networkMode: 'always' },
    },
  });

function Console({ config, session }: { config: Config; session: Session }) {
  const [api] = useState(() => createApi(config.api, session));
  const [queries] = useState(newQueryClient);
  const [router] = useState(newRouter); // made after sign-in, which puts the right path into the address bar
  return (
    <ApiProvider value={api}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </ApiProvider>
  );
}

async function start() {
  const config = await loadConfig();
  const session = new Session(config);
  if (isPopupReturn()) {
    await session.manager.signinPopupCallback(); // tells the page that opened us, and closes
    return;
  }
  root.render(
    <StrictMode>
      <SignIn config={config} session={session}>
        <Console config={config} session={session} />
      </SignIn>
    </StrictMode>,
  );
}

start().catch((thrown: unknown) => {
  root.render(
    <Plain title="The console can’t start">
      <ProblemView problem={asProblem(thrown)} onRetry={() => window.location.reload()} />
    </Plain>,
  );
});
