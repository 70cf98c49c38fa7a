import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

import { resetLive } from '../api/live';

afterEach(() => {
  cleanup();
  resetLive();
});
