/**
 * `npm run bench -- exports [--help]`
 *
 * Exports a large session and one of an eighth of it, each in a process of its own, and compares the most memory that
 * they held. The exit code is 1 where a format holds more for more.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { exporters, exportSession } from '../../main/lab/sessions/exporters/index.ts';
import { writeLargeSession } from './large-session.ts';
import { benchOptions } from './options.ts';

const values = benchOptions('exports', 'What exporting a large session costs, and whether its memory stays flat.', {
  megabytes: ['of frames, before they are packed', 96],
  formats: ['those to try', exporters.map(({ format }) => format).join(',')],
  session: ['this session alone, measured by this process', ''],
  out: ['where the export of --session goes', ''],
});

interface Measured {
  readonly seconds: number;
  /** Holds where other programs want the same cores. */
  readonly cpuSeconds: number;
  readonly rssMb: number;
  readonly outMb: number;
}

/**
 * More than this, for eight times the session, is growth and not the mood of the garbage collector: to hold the frames
 * of the larger session alone would take 84 MB more.
 */
const allowedGrowthMb = 64;

const bytesIn = (path: string): number =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
    : statSync(path).size;

async function measureHere(path: string, out: string): Promise<void> {
  const begunMs = performance.now();
  await exportSession({ path, out, format: values.formats });
  const seconds = (performance.now() - begunMs) / 1000;
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
  // maxRSS is in KiB on Linux.
  const measured: Measured = { seconds, cpuSeconds, rssMb: maxRSS / 1024, outMb: bytesIn(out) / 1e6 };
  console.log(JSON.stringify(measured));
}

function measure(session: string, format: string): Measured {
  const out = `${session}.out`;
  const args = [fileURLToPath(import.meta.url), '--session', session, '--formats', format, '--out', out];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  rmSync(out, { recursive: true, force: true });
  if (status !== 0) throw new Error(`The export as ${format} failed: ${stderr}`);
  return JSON.parse(stdout) as Measured;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-bench-'));
  try {
    const bytes = values.megabytes * 1e6;
    const small = join(folder, 'small.fdscope');
    const large = join(folder, 'large.fdscope');
    await writeLargeSession(small, bytes / 8);
    await writeLargeSession(large, bytes);
    const [smallMb, largeMb] = [small, large].map((path) => (statSync(path).size / 1e6).toFixed(0));
    console.log(`${values.megabytes} MB of frames in a file of ${largeMb} MB, and an eighth of them in ${smallMb} MB`);
    const head = ['format', 'export, MB', 'time, s', 'CPU, s', 'frames, MB/s', 'most memory, MiB', 'of the eighth', ''];
    const table = new Table({ head, style: { head: [], border: [] } });
    for (const format of values.formats.split(',')) {
      process.stderr.write(`${format} …\n`);
      const ofSmall = measure(small, format);
      const { seconds, cpuSeconds, rssMb, outMb } = measure(large, format);
      const isFlat = rssMb - ofSmall.rssMb <= allowedGrowthMb;
      if (!isFlat) process.exitCode = 1;
      const rate = bytes / 1e6 / seconds;
      table.push([
        ...[format, outMb.toFixed(1), seconds.toFixed(1), cpuSeconds.toFixed(1), rate.toFixed(0)],
        ...[rssMb.toFixed(0), ofSmall.rssMb.toFixed(0), isFlat ? 'flat' : 'GROWS'],
      ]);
    }
    console.log(table.toString());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.session !== '' && values.out !== '') await measureHere(values.session, values.out);
else await main();
