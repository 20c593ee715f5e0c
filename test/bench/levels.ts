/** What each level of detail costs, and recording every context switch, against the same server at `counters`. */
import type { DetailLevel } from '../../shared/telemetry/wire.ts';
import type { Aim } from './aims.ts';
import { hasWrk, loadClient, wrkClient, type ClientSettings } from './clients.ts';
import type { Side } from './pairs.ts';
import { engineSubject } from './subjects.ts';

export function levelAims(settings: ClientSettings): Aim[] {
  const client = hasWrk() ? wrkClient(settings) : loadClient('http', settings);
  const pair = (model: string, name: string, level: DetailLevel, switches: boolean): readonly [Side, Side] => [
    { name, subject: engineSubject(model, 'http', { name, inside: { level, switches } }), client },
    { name: 'counters', subject: engineSubject(model, 'http', { name: 'counters' }), client },
  ];
  const aim = (title: string, sides: readonly [Side, Side], limit?: number): Aim => ({
    ...{ title, sides, limit },
    of: (figure) => figure.cpuMicrosPerRequest,
  });
  const loops = ['epoll-lt', 'epoll-et'];
  return [
    ...loops.map((model) => aim(`${model} at \`fds\` costs at most 5%`, pair(model, 'fds', 'fds', false), 1.05)),
    ...loops.map((model) =>
      aim(`${model} at \`events\` costs at most 10%`, pair(model, 'events', 'events', false), 1.1),
    ),
    // No aim: a server that switches once a request pays for each. The figure is what is told beside it.
    ...['epoll-lt', 'io_uring', 'blocking-threads'].map((model) =>
      aim(`${model} with every context switch recorded`, pair(model, 'switches', 'counters', true)),
    ),
  ];
}
