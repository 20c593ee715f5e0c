/** What a browser test that failed leaves behind: how its pages looked, and what their consoles said. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { root } from './engines.ts';

export const evidenceFolder = join(root, 'out/test/failures');

/** Pages that are open, with all that their consoles said. */
const open = new Map<Page, string[]>();

/** From now on `keepEvidence` tells of the page, until it is closed. */
export function followPage(page: Page): void {
  const lines: string[] = [];
  open.set(page, lines);
  page.on('console', (message) => lines.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => lines.push(`exception: ${error.stack ?? error.message}`));
  page.on('requestfailed', (request) =>
    lines.push(`failed: ${request.method()} ${request.url()}: ${request.failure()?.errorText ?? 'no reason'}`),
  );
  page.on('close', () => open.delete(page));
}

/** Writes a picture and a console for each open page. Resolves to the files. */
export async function keepEvidence(name: string, folder = evidenceFolder): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const stem = name.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 150);
  const files: string[] = [];
  for (const [page, lines] of open) {
    const path = join(folder, `${stem}-${files.length / 2 + 1}`);
    writeFileSync(`${path}.console.txt`, [page.url(), ...lines, ''].join('\n'));
    // A page that hangs has no picture; what it said is kept all the same.
    await page.screenshot({ path: `${path}.png`, timeout: 10_000 }).catch(() => {});
    files.push(`${path}.png`, `${path}.console.txt`);
  }
  return files;
}
