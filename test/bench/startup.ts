/**
 * `npm run bench -- startup [-- --before FOLDER]`
 *
 * From the start of the desktop app's process to a Scope that can be used, in Electron itself: cold (a new profile, the program's
 * files out of the page cache as far as nobody else uses them) and warm (the same profile again). Another checkout that is built
 * (`--before`) is measured in turn with this one, and the ratio of their medians told: the speed of shared machines drifts.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Table from 'cli-table3';
import { WebSocket } from 'ws';
import { startDisplay } from '../support/desktop/display.ts';
import { UserHome } from '../support/desktop/user.ts';
import { root } from '../support/engines.ts';
import { benchOptions } from './options.ts';
import { median } from './pairs.ts';
import { processUsage } from './processes.ts';

const about = 'How soon after its start the desktop app shows a window, and a Scope that can be used.';
const { rounds, before } = benchOptions('startup', about, {
  rounds: ['starts of each kind', 10],
  before: ['folder of another checkout, built, to compare with', ''],
});
const electron = process.env.FDSCOPE_ELECTRON ?? '';
const limitMs = 120_000;

/** Milliseconds since the process was started. */
interface Start {
  /** The window's first pixels. */
  readonly paintMs: number;
  /** The lab is connected, and the Scope was gone to and has its Run. */
  readonly scopeMs: number;
  /** That all its processes took of the CPU until then, which neighbours on the machine change less than the time. */
  readonly cpuMs: number;
}

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });

/** Takes files out of the page cache, where no running program has them. */
function forget(folders: readonly string[]): void {
  for (const path of folders.flatMap(filesUnder))
    spawnSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
}

/** Runs in the page; waits for what a user waits for. Time is that of the clock, which all processes share. */
const untilScope = `new Promise((resolve) => {
  const after = (isThere, then) => { const value = isThere(); value ? then(value) : setTimeout(() => after(isThere, then), 5); };
  after(() => document.querySelector('footer.status')?.innerText.includes('Ready'), () => {
    [...document.querySelectorAll('nav button')].find((each) => each.innerText.trim() === 'Scope').click();
    after(() => document.querySelector('main .go'), () => requestAnimationFrame(() => {
      const scope = Date.now();
      // Told somewhat later than it was.
      after(() => performance.getEntriesByType('paint')[0], ({ startTime }) =>
        resolve(JSON.stringify({ scope, paint: performance.timeOrigin + startTime })));
    }));
  });
})`;

/** Asks the page by its debugging port; undefined where it is not there yet, or was about to go. */
async function ask(port: string): Promise<string | undefined> {
  const list = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    webSocketDebuggerUrl: string;
    url: string;
  }[];
  const target = list.find(({ url }) => url.startsWith('app://'));
  if (!target) return undefined;
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () =>
        socket.send(
          JSON.stringify({
            id: 1,
            method: 'Runtime.evaluate',
            params: { expression: untilScope, awaitPromise: true, returnByValue: true },
          }),
        ),
      );
      socket.on('message', (data: Buffer) => {
        const { id, result } = JSON.parse(data.toString()) as { id?: number; result?: { result?: { value?: string } } };
        if (id === 1) resolve(result?.result?.value);
      });
    });
  } finally {
    socket.close();
  }
}

async function start(checkout: string, home: UserHome, display: string): Promise<Start> {
  const profile = home.path('profile');
  const portFile = join(profile, 'DevToolsActivePort');
  const startedMs = Date.now();
  const app = spawn(home.starterOf(electron), ['--remote-debugging-port=0', `--user-data-dir=${profile}`, checkout], {
    cwd: home.folder,
    env: home.environment(display),
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => app.once('close', resolve));
  try {
    const deadline = startedMs + limitMs;
    while (Date.now() < deadline) {
      const [port] = existsSync(portFile) ? readFileSync(portFile, 'utf8').split('\n') : [];
      // That of the start before is there until it is written anew.
      const isNew = port !== undefined && statSync(portFile).mtimeMs >= startedMs;
      const said = isNew ? await ask(port).catch(() => undefined) : undefined;
      if (said === undefined) {
        await pause(5);
        continue;
      }
      const { scope, paint } = JSON.parse(said) as { scope: number; paint: number };
      const cpuMs = processUsage(app.pid ?? 0).cpuSeconds * 1000;
      return { paintMs: paint - startedMs, scopeMs: scope - startedMs, cpuMs };
    }
    throw new Error(`${checkout} showed no Scope within ${limitMs / 1000} s.`);
  } finally {
    app.kill('SIGTERM');
    await ended;
  }
}

const checkouts = [...(before === '' ? [] : [before]), root];
const found = new Map(checkouts.map((each) => [each, { cold: [] as Start[], warm: [] as Start[] }]));
const display = await startDisplay();
try {
  for (let round = 0; round < rounds; round++) {
    const inTurn = round % 2 === 0 ? checkouts : [...checkouts].reverse();
    for (const checkout of inTurn) {
      const home = new UserHome();
      forget([dirname(electron), join(checkout, 'out/electron'), join(checkout, 'out/renderer')]);
      found.get(checkout)?.cold.push(await start(checkout, home, display.name));
      found.get(checkout)?.warm.push(await start(checkout, home, display.name));
      home.remove();
    }
  }
} finally {
  await display.stop();
}

const table = new Table({
  head: ['build', 'start', 'first pixels ms', 'Scope ms', 'from', 'to', 'CPU ms'],
  style: { head: [], border: [] },
});
for (const [checkout, kinds] of found) {
  for (const [kind, starts] of Object.entries(kinds)) {
    const scope = starts.map(({ scopeMs }) => scopeMs);
    table.push([
      ...[checkout === root ? 'this one' : 'before', kind],
      ...[
        ...[median(starts.map(({ paintMs }) => paintMs)), median(scope), Math.min(...scope), Math.max(...scope)],
        median(starts.map(({ cpuMs }) => cpuMs)),
      ].map((ms) => ms.toFixed(0)),
    ]);
  }
}
console.log(table.toString());
const [first, own] = [found.get(before), found.get(root)];
if (first && own) {
  for (const kind of ['cold', 'warm'] as const) {
    const ratioOf = (figure: 'scopeMs' | 'cpuMs'): string =>
      median(own[kind].map((each, index) => each[figure] / (first[kind][index]?.[figure] ?? NaN))).toFixed(2);
    console.log(
      `${kind}: ${ratioOf('scopeMs')} of the build before, ${ratioOf('cpuMs')} of its CPU, median of ${own[kind].length} pairs`,
    );
  }
}
