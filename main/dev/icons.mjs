// `npm run icons`: draws the app's icon, renderer/icon.svg, in the sizes that desktops ask for.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { ensurePackages, exitWithSentence, refuseArguments, root, SetupError } from './setup.mjs';

refuseArguments('icons');

const sizes = [16, 32, 48, 64, 128, 256, 512];

try {
  await ensurePackages();
  const { browser: executablePath, reason } = ensureBrowser();
  if (executablePath === undefined) throw new SetupError(`The icons cannot be drawn, as ${reason}.`);
  const { chromium } = await import('@playwright/test');
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await chromium.launch({ executablePath, args });
  const folder = join(root, 'main/electron/resources/icons');
  mkdirSync(folder, { recursive: true });
  const drawing = readFileSync(join(root, 'renderer/icon.svg')).toString('base64');
  for (const size of sizes) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    const style = 'display: block; width: 100vw; height: 100vh';
    await page.setContent(
      `<body style="margin: 0"><img src="data:image/svg+xml;base64,${drawing}" style="${style}"></body>`,
    );
    await page.locator('img').evaluate((image) => image.decode());
    await page.screenshot({ path: join(folder, `${size}x${size}.png`), omitBackground: true });
    await page.close();
  }
  await browser.close();
} catch (error) {
  exitWithSentence(error);
}
