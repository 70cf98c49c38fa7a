import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';

import { batchesSearch } from '../pages/batches/search';
import { callsSearch } from '../pages/calls/search';
import { capacitySearch } from '../pages/capacity/search';
import { deadLettersSearch } from '../pages/dead-letters/search';
import { Broken } from './broken';
import { NotFound } from './not-found';
import { parseSearch, stringifySearch } from './search';
import { Shell } from './shell';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const getParentRoute = () => root;

const start = createRoute({
  getParentRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/calls', replace: true });
  },
});

// Each page is a chunk of its own, loaded when it is opened or a link to it is pointed at.
const calls = createRoute({
  getParentRoute,
  path: '/calls',
  validateSearch: callsSearch,
  component: lazyRouteComponent(() => import('../pages/calls')),
});
const call = createRoute({
  getParentRoute,
  path: '/calls/$id',
  component: lazyRouteComponent(() => import('../pages/call')),
});
const callNow = createRoute({
  getParentRoute,
  path: '/call',
  component: lazyRouteComponent(() => import('../pages/call-now')),
});
const batches = createRoute({
  getParentRoute,
  path: '/batches',
  validateSearch: batchesSearch,
  component: lazyRouteComponent(() => import('../pages/batches')),
});
const newBatch = createRoute({
  getParentRoute,
  path: '/batches/new',
  component: lazyRouteComponent(() => import('../pages/new-batch')),
});
const batch = createRoute({
  getParentRoute,
  path: '/batches/$id',
  component: lazyRouteComponent(() => import('../pages/batch')),
});
const capacity = createRoute({
  getParentRoute,
  path: '/capacity',
  validateSearch: capacitySearch,
  component: lazyRouteComponent(() => import('../pages/capacity')),
});
const deadLetters = createRoute({
  getParentRoute,
  path: '/dead-letters',
  validateSearch: deadLettersSearch,
  component: lazyRouteComponent(() => import('../pages/dead-letters')),
});

const routeTree = root.addChildren([start, calls, call, callNow, batches, newBatch, batch, capacity, deadLetters]);

export function newRouter() {
  return createRouter({
    routeTree,
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultErrorComponent: Broken,
    scrollRestoration: true,
    search: { strict: true }, // parameters that a page doesn't know are dropped from its address
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
