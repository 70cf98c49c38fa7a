import { useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const key = 'outdial.theme'; // public/theme.js reads it before the first paint

/** Storage may be switched off; then a choice holds until the page is closed. */
function stored(): Theme {
  const theme = document.documentElement.dataset.theme;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

function choose(theme: Theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === 'system') localStorage.removeItem(key);
    else localStorage.setItem(key, theme);
  } catch {
    // as above
  }
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(stored);
  return [
    theme,
    (next) => {
      choose(next);
      setTheme(next);
    },
  ];
}
