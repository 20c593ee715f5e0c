// `npm run pictures`: makes the README's pictures anew, from the running app in a browser. They lie in main/dev/pictures.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBrowser } from './browser.mjs';
import { ensureEverything, exitWithSentence, refuseArguments, root, SetupError } from './setup.mjs';

refuseArguments('pictures');

const folder = join(root, 'main/dev/pictures');
const size = { width: 1280, height: 800 };
const mostBytes = 200_000;
const patienceMs = 180_000;

/** The app on this machine, with a data folder of its own. Resolves to its address, which is good once, and its end. */
async function startApp(data) {
  const child = spawn(process.execPath, [join(root, 'main/cli/bin.mjs'), 'web', '--no-open'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, XDG_DATA_HOME: data },
  });
  const address = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(text)?.[0];
      if (found) resolve(found);
    });
    child.on('exit', (code) =>
      reject(new SetupError(`fdscope web ended with code ${code} before it said its address.`)),
    );
  });
  const end = () => new Promise((resolve) => child.on('exit', resolve).kill('SIGTERM'));
  return { address, end };
}

async function shoot(page, name) {
  await page.mouse.move(size.width - 2, size.height - 2);
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path });
  const { size: bytes } = statSync(path);
  console.log(`${relative(root, path)}: ${Math.round(bytes / 1000)} KB`);
  if (bytes > mostBytes)
    throw new SetupError(`${name}.png has ${bytes} bytes; ${mostBytes} are the most that a README's picture may.`);
}

const goTo = (page, screen) => page.getByRole('button', { name: screen, exact: true }).click();

/** The Scope while a lab goes from model to model, in both themes. */
async function scope(page) {
  await goTo(page, 'Scope');
  await page.getByRole('button', { name: /^Run .+ with \d+ connections$/ }).click();
  for (const model of ['blocking-threads', 'select', 'coroutine-stackful', 'io_uring', 'epoll-lt']) {
    await sleep(3500);
    await page
      .getByRole('button', { name: new RegExp(`^${model}\\b`) })
      .first()
      .click();
  }
  await sleep(3500);
  for (const scheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme: scheme });
    await sleep(500);
    await shoot(page, `scope-${scheme}`);
  }
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.getByRole('button', { name: /^Stop/ }).first().click();
}

async function sockets(page) {
  await goTo(page, 'Sockets');
  await page.getByRole('button', { name: /^Six steps/ }).click();
  for (let step = 1; step <= 7; step++) {
    await page.locator('.bar button.primary:enabled').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.locator('.bar .count').getByText(`${step}/13`, { exact: true }).waitFor();
  }
  await sleep(500);
  await shoot(page, 'sockets');
  await page.getByRole('button', { name: 'Close the bench' }).click();
}

async function conclusion(page) {
  await goTo(page, 'Scenarios');
  await page
    .getByRole('button', { name: /^Head of line/ })
    .first()
    .click();
  const run = page.getByRole('button', { name: /^Run/ }).last();
  await page
    .getByRole('radio')
    .first()
    .check()
    .catch(() => {});
  await run.click();
  await page.getByRole('region', { name: 'Conclusion' }).waitFor({ timeout: patienceMs });
  await shoot(page, 'conclusion');
}

async function compare(page) {
  await goTo(page, 'Compare');
  await page.getByRole('textbox', { name: 'Repeats' }).fill('4');
  await page.getByRole('textbox', { name: 'Length of a run' }).fill('1');
  await page.getByRole('button', { name: /^Compare \d+ entries/ }).click();
  await page.getByRole('region', { name: 'Medians and their intervals' }).waitFor({ timeout: patienceMs });
  await shoot(page, 'compare');
}

async function main() {
  await ensureEverything({ variant: 'release', page: true });
  const { browser: executablePath, reason } = ensureBrowser();
  if (executablePath === undefined) throw new SetupError(`The pictures cannot be taken, as ${reason}.`);
  mkdirSync(folder, { recursive: true });
  const { chromium } = await import('@playwright/test');
  const data = mkdtempSync(join(tmpdir(), 'fdscope-pictures-'));
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  const app = await startApp(data);
  try {
    const context = await browser.newContext({ viewport: size, colorScheme: 'dark' });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(app.address);
    for (const take of [scope, sockets, conclusion, compare]) await take(page);
  } finally {
    await browser.close();
    await app.end();
    rmSync(data, { recursive: true, force: true });
  }
}

await main().catch(exitWithSentence);
