// How the system's own Chromium is started: no window, no sandbox (a pipeline has no user for it),
// and nothing that calls home.
export const BROWSER = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
