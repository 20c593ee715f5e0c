/** What a failed browser test leaves behind. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { followPage, keepEvidence } from '../support/evidence.ts';
import { connectBrowser } from './browser.ts';

it('is a picture of each open page and what its console said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-evidence-'));
  const browser = await connectBrowser();
  try {
    const [page, closed] = [await browser.newPage(), await browser.newPage()];
    followPage(page);
    followPage(closed);
    await closed.close();
    await page.evaluate("console.log('was here'); setTimeout(() => { throw new Error('went wrong') })");
    await page.waitForEvent('pageerror').catch(() => {});
    const [picture = '', text = '', ...more] = await keepEvidence('a file › a test', folder);
    expect(more).toEqual([]);
    expect(picture).toBe(join(folder, 'a-file-a-test-1.png'));
    expect(readFileSync(picture).subarray(1, 4).toString()).toBe('PNG');
    expect(readFileSync(text, 'utf8')).toMatch(/^about:blank\nlog: was here\nexception: .*went wrong/);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
