/** What the window shows when its page has crashed. No script: whatever broke the page cannot break this one. */
import { pageAddress, crashStylePath } from './addresses.ts';

/** Chromium's words for how a page's process ended, in ours. */
const reasons: Readonly<Record<string, string>> = {
  crashed: 'It crashed',
  killed: 'It was ended from outside',
  oom: 'It ran out of memory',
  'memory-eviction': 'It was ended as memory ran out',
  'abnormal-exit': 'It ended with an error',
  'launch-failed': 'It could not be started',
  'integrity-failure': 'Its program files are damaged: install fdscope again',
};

export const crashStyle = `:root { color-scheme: dark light; font: 16px/1.6 system-ui, sans-serif; }
body { display: grid; place-content: center; min-height: 100vh; margin: 0; padding: 0 2rem; box-sizing: border-box; }
main { max-width: 34rem; }
a { display: inline-block; padding: 0.5rem 1.2rem; border: 1px solid; border-radius: 6px; }
`;

/** Chromium ends a process by SIGTRAP where it cannot go on; of a page that is mostly V8, which says "crashed" and not "oom". */
const ownEnd = 5;

export function crashPage(query: URLSearchParams): string {
  const reason = query.get('reason') ?? '';
  const endedItself = reason === 'crashed' && query.get('code') === String(ownEnd);
  const why = endedItself ? 'It ended itself, as it does when it is out of memory' : (reasons[reason] ?? 'It ended');
  // Digits only: what an address says is never markup.
  const code = /^-?\d{1,11}$/.exec(query.get('code') ?? '')?.[0] ?? 'unknown';
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>fdscope</title><link rel="stylesheet" href="${crashStylePath}"></head>
<body><main>
<h1>The window's page has gone</h1>
<p>${why} (exit code ${code}). The lab itself is another process: what ran in it goes on running.</p>
<p><a href="${pageAddress}" autofocus>Load the page again</a></p>
</main></body>
</html>
`;
}
