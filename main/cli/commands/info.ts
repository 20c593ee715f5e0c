/** `fdscope info FILE`: what a session holds. */
import { basename } from 'node:path';
import type { SessionDetails } from '../../../shared/contract/sessions.ts';
import { citationOfSession } from '../../../shared/session/citation.ts';
import { noiseFigures, noiseText } from '../../../shared/machine-noise.ts';
import { figuresOf, ofWhat } from '../../../shared/session/figures.ts';
import { hasServer, isColumnCounted, isWatchedFromOutside } from '../../../shared/session/overview.ts';
import { LabError } from '../../lab/errors.ts';
import { isBench } from '../../lab/sessions/exporters/bench.ts';
import { detailsOf, verifySession, type SessionCheck } from '../../lab/sessions/card.ts';
import type { Register } from '../command.ts';
import { addJson, type OutputFlags } from '../options.ts';
import { deliver } from '../output.ts';
import { mebibytes } from '../print.ts';
import { sparks } from './sessions.ts';

const notLookedAt = 'not available: sockets of a server watched from outside are looked at from --detail fds on';
const seconds = (fromNs: number, timeNs: number): string => `${((timeNs - fromNs) / 1e9).toFixed(3)} s`;
const notKnown = 'not available: the session has nothing of the server';
const notCounted = (overview: SessionDetails['overview']): string =>
  isWatchedFromOutside(overview)
    ? 'not available: the server was watched from outside, where nobody counts them'
    : 'not available: a model that served does not count them';

function figureLines({ card, overview, manifest }: SessionDetails): string[][] {
  // Nobody sent a request there, and nobody counted.
  if (isBench(manifest)) return [['calls', `${String(manifest.settings.steps)}, on a bench: one at a time`]];
  const figures = figuresOf(overview);
  const { counts, latency, peaks, served, profiles, noise } = figures;
  const isThere = hasServer(overview);
  const perRequest = (amount: number, requests: number): string =>
    !isThere ? notKnown : requests > 0 ? (amount / requests).toFixed(2) : 'no requests';
  const switches = counts.voluntarySwitches + counts.involuntarySwitches;
  return [
    ['over time', sparks(card.sparkline, 40)],
    ['figures', ofWhat(figures)],
    ['requests', `${figures.requests} (${card.requests} in the whole recording)`],
    ['requests per second', figures.seconds > 0 ? (figures.requests / figures.seconds).toFixed(0) : '–'],
    ...(figures.clients ? [['clients', `${figures.clients.answered} of ${figures.clients.asked} got a reply`]] : []),
    ['errors', String(Math.round(counts.errors))],
    ['CPU µs per request', perRequest(counts.serverCpuNs / 1000, served)],
    [
      'system calls per request',
      isColumnCounted(overview, 'syscalls') ? perRequest(counts.syscalls, served) : notCounted(overview),
    ],
    ['context switches per request', perRequest(switches, served)],
    ...(latency.corrected.count > 0
      ? [
          [
            'latency p50, p99, max µs',
            ['p50', 'p99', 'max'].map((key) => latency.corrected[key as 'p50'].toFixed(0)).join(', '),
          ],
        ]
      : []),
    [
      'open connections, most',
      !isThere ? notKnown : isColumnCounted(overview, 'openConnections') ? String(peaks.openConnections) : notLookedAt,
    ],
    ['memory, highest', isThere ? mebibytes(peaks.rssBytes) : notKnown],
    ...profiles.map(({ profile, counts: own, latency: { corrected } }) => [
      `clients: ${profile}`,
      [
        ...(own ? [`${own.answered} of ${own.asked} served, ${own.replies} replies, ${own.errors} errors`] : []),
        ...(corrected.count > 0 ? [`p50 ${corrected.p50.toFixed(0)} µs, p99 ${corrected.p99.toFixed(0)} µs`] : []),
      ].join('; '),
    ]),
    ...(noise
      ? noiseFigures.map((each) => {
          const text = noiseText(noise, each);
          return [each.label, text === null ? 'not available' : `${text} ${each.unit}`];
        })
      : []),
  ];
}

export function infoText(details: SessionDetails): string {
  const { card, manifest, overview, annotations } = details;
  const { machine } = manifest;
  const lines = [
    ['name', card.name],
    ...(card.tags.length > 0 ? [['tags', card.tags.join(', ')]] : []),
    ...(card.notes === '' ? [] : [['notes', card.notes]]),
    ...(card.scenario ? [['scenario', `${card.scenario.title} (${card.scenario.name})`]] : []),
    ['recorded', new Date(card.startedWallMs).toISOString()],
    ['duration', `${card.durationSeconds.toFixed(1)} s`],
    ['models', card.models.join(', ') || '–'],
    [
      'machine',
      `${machine.cpus} CPUs, ${machine.cpuModel}, Linux ${machine.kernel}, fdscope ${machine.versions.fdscope}`,
    ],
    ['size', mebibytes(card.bytes)],
    ...(card.wasClosedWell
      ? []
      : [['cut off', 'the recording did not end well; all is here up to its last whole frame']]),
    ...(card.lostFrames > 0 ? [['missing', `${card.lostFrames} frames that the disk was too slow for`]] : []),
    ...figureLines(details),
  ];
  const width = Math.max(...lines.map(([label = '']) => label.length)) + 2;
  const facts = lines.map(([label = '', value = '']) => `${label.padEnd(width)}${value}\n`).join('');
  const moments = [
    ...overview.moments.map(({ timeNs, kind, name, text }) => ({
      timeNs,
      text: `${kind} ${name}${text ? `: ${text}` : ''}`,
    })),
    ...annotations.map(({ fromNs, toNs, text }) => ({
      timeNs: fromNs,
      text: `annotation${toNs === undefined ? '' : ` until ${seconds(card.startedNs, toNs)}`}: ${text}`,
    })),
  ].sort((a, b) => a.timeNs - b.timeNs);
  const told = moments.map(({ timeNs, text }) => `${seconds(card.startedNs, timeNs).padStart(12)}  ${text}\n`).join('');
  return facts + (told === '' ? '' : `\n${told}`);
}

function checkText({ parts, damaged }: SessionCheck, startedNs: number): string {
  if (damaged.length === 0) return `\nverified: all ${parts} parts of the file are whole\n`;
  const times = damaged.map(({ fromNs, toNs }) => `${seconds(startedNs, fromNs)} to ${seconds(startedNs, toNs)}`);
  return `\ndamaged: ${damaged.length} of ${parts} parts of the file: ${times.join(', ')}\n`;
}

interface InfoFlags extends OutputFlags {
  readonly verify?: boolean;
  readonly cite?: boolean;
}

export const registerInfo: Register = (program) => {
  const command = program.command('info').description('what a session file holds: figures, moments, machine');
  command.argument('<file>', 'a session, such as run.fdscope');
  command.option('--cite', 'how to cite it: a sentence and an entry for BibTeX');
  command.option('--verify', 'read the whole file and say whether any part of it is damaged');
  addJson(command).action(async (file: string, flags: InfoFlags) => {
    const details = await detailsOf(file);
    if (flags.cite === true) {
      const citation = citationOfSession(details);
      return deliver(flags, { ...details, citation }, () => `${citation.sentence}\n\n${citation.bibtex}\n`);
    }
    if (flags.verify !== true) return deliver(flags, details, infoText);
    const check = await verifySession(file);
    await deliver(flags, { ...details, check }, (shown) => infoText(shown) + checkText(check, details.card.startedNs));
    if (check.damaged.length > 0) {
      throw new LabError('failed', `${basename(file)} is damaged; replays and exports leave out those parts.`);
    }
  });
};
