// `npm run pictures`: makes the README's pictures anew, from the running app in a browser and on a desktop. They lie in main/dev/pictures.
// `npm run pictures -- scope compare` makes only those named.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBrowser } from './browser.mjs';
import { onScreen } from './desktop-picture.mjs';
import { BadInput, ensureEverything, exitWithSentence, root, SetupError } from './setup.mjs';
import { ensureShell } from './shell.mjs';

const folder = join(root, 'main/dev/pictures');
const size = { width: 1200, height: 760 };
const mostBytes = 200_000;
/** For what is measured meanwhile. */
const patienceMs = 600_000;

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
  const end = () =>
    new Promise((resolve) => {
      child.on('exit', resolve);
      child.kill('SIGTERM');
    });
  return { address, end };
}

/** As WebP, in which pictures of a page are a third as large as PNG; in the best quality that has room. */
async function keep(png, name) {
  const { loadImage, createCanvas } = await import('@napi-rs/canvas');
  const image = await loadImage(png);
  const canvas = createCanvas(image.width, image.height);
  canvas.getContext('2d').drawImage(image, 0, 0);
  const path = join(folder, `${name}.webp`);
  for (const quality of [95, 90, 80, 70, 60]) {
    const bytes = canvas.toBuffer('image/webp', quality);
    if (bytes.length > mostBytes) continue;
    writeFileSync(path, bytes);
    console.log(`${relative(root, path)}: ${Math.round(bytes.length / 1000)} KB`);
    return;
  }
  throw new SetupError(
    `${name}.webp has more than ${mostBytes} bytes, which are the most that a picture here may have.`,
  );
}

async function shoot(page, name) {
  await page.mouse.move(size.width - 2, size.height - 2);
  await keep(await page.screenshot(), name);
}

const goTo = (page, screen) => page.getByRole('navigation').getByRole('button', { name: screen, exact: true }).click();

/** A lab that goes from model to model. */
async function switchModels(page) {
  await goTo(page, 'Scope');
  await page.getByRole('button', { name: /^Run .+ with \d+ connections$/ }).click();
  await page.locator('footer').getByText('Running', { exact: true }).waitFor();
  await sleep(4000);
  for (const model of ['blocking-threads', 'select', 'coroutine-stackful', 'io_uring', 'epoll-lt']) {
    await page.getByRole('button', { name: model, exact: true }).click();
    await sleep(4500);
  }
  await page.getByRole('button', { name: 'Show all that is recorded', exact: true }).click();
}

/** The Scope, in both themes. */
async function scope(page) {
  await switchModels(page);
  for (const scheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme: scheme });
    await sleep(1000);
    await shoot(page, `scope-${scheme}`);
  }
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.getByRole('button', { name: /^Stop/ }).first().click();
}

/** The bench in the midst of a walk. */
async function sockets(page) {
  await goTo(page, 'Sockets');
  await page.getByRole('button', { name: /^Six steps/ }).click();
  const count = page.locator('.bar .count');
  await count.getByText(/^0\//).waitFor();
  for (let step = 1; step <= 8; step++) {
    await page.locator('.bar button.primary:enabled').waitFor();
    await page.keyboard.press('ArrowRight');
    await count.getByText(new RegExp(`^${step}/`)).waitFor();
  }
  await page.locator('.bar button.primary:enabled').waitFor();
  await sleep(1000);
  await shoot(page, 'sockets');
  await page.getByRole('button', { name: 'Close the bench' }).click();
}

/** What a scenario comes to, with a prediction made. */
async function conclusion(page) {
  await goTo(page, 'Scenarios');
  await page.getByRole('article').getByRole('button', { name: 'Head of line', exact: true }).click();
  await page.getByRole('radio').first().check();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByRole('region', { name: 'Conclusion' }).waitFor({ timeout: patienceMs });
  await sleep(1000);
  await shoot(page, 'conclusion');
}

async function compare(page) {
  await goTo(page, 'Compare');
  await page.getByRole('textbox', { name: 'Repeats' }).fill('9');
  await page.getByRole('textbox', { name: 'Length of a run' }).fill('1');
  await page.getByRole('button', { name: /^Compare \d+ entries/ }).click();
  const result = page.getByRole('region', { name: 'Medians and their intervals' });
  await result.waitFor({ timeout: patienceMs });
  await result.scrollIntoViewIfNeeded();
  await sleep(1000);
  await shoot(page, 'compare');
}

const pictures = { scope, sockets, conclusion, compare };

/** The desktop app's window, in both themes; in Electron itself, where the others are a browser's. */
const desktop = () =>
  onScreen(async (page, photograph) => {
    await switchModels(page);
    for (const theme of ['dark', 'light']) await keep(await photograph(theme), `desktop-${theme}`);
  });

async function main() {
  const wanted = process.argv.slice(2);
  const known = [...Object.keys(pictures), 'desktop'];
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new BadInput(`There is no picture "${unknown}": choose ${known.join(', ')}.`);
  const chosen = wanted.length > 0 ? wanted : known;
  await ensureEverything({ variant: 'release', page: true });
  mkdirSync(folder, { recursive: true });
  if (chosen.includes('desktop')) {
    await ensureShell();
    await desktop();
  }
  const inBrowser = chosen.filter((name) => name in pictures);
  if (inBrowser.length > 0) await picturesInBrowser(inBrowser);
}

async function picturesInBrowser(names) {
  const { browser: executablePath, reason } = ensureBrowser();
  if (executablePath === undefined) throw new SetupError(`The pictures cannot be taken, as ${reason}.`);
  const { chromium } = await import('@playwright/test');
  const data = mkdtempSync(join(tmpdir(), 'fdscope-pictures-'));
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  try {
    const app = await startApp(data);
    try {
      const page = await browser.newPage({ viewport: size, colorScheme: 'dark' });
      page.setDefaultTimeout(180_000);
      await page.goto(app.address);
      for (const name of names) await pictures[name](page);
    } finally {
      await app.end();
    }
  } finally {
    await browser.close();
    rmSync(data, { recursive: true, force: true });
  }
}

await main().catch(exitWithSentence);
