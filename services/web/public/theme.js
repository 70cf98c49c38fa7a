// The theme that was chosen in this browser (see src/app/theme.ts), before the
// first paint. A file of its own, because the page allows no inline script.
(function () {
  try {
    var theme = localStorage.getItem('outdial.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is switched off: the system's theme holds.
  }
})();
