/** What the engine must not cost more than, each as a ratio of two neighbours in the same minute. */
import type { ClientSettings } from './clients.ts';
import { hasWrk, loadClient, wrkClient } from './clients.ts';
import type { Figure, Side } from './pairs.ts';
import { engineSubject, libuvSubject, nginxSubject, redisSubject, type Subject } from './subjects.ts';

export interface Aim {
  readonly title: string;
  readonly sides: readonly [Side, Side];
  readonly of: (figure: Figure) => number;
  /** The median of the ratios is to be at most this; undefined: told, and nothing is asked of it. */
  readonly limit: number | undefined;
}

const serverCost = (figure: Figure): number => figure.cpuMicrosPerRequest;
const clientCost = (figure: Figure): number => figure.clientCpuMicrosPerRequest;

export function aims(settings: ClientSettings, bareEngine: string): Aim[] {
  const http = hasWrk() ? wrkClient(settings) : loadClient('http', settings);
  const side = (subject: Subject, client = http): Side => ({ name: subject.name, subject, client });
  const model = (id: string): Side => side(engineSubject(id, 'http'));
  const server = (title: string, sides: readonly [Side, Side], limit?: number): Aim => ({
    ...{ title, sides, of: serverCost, limit },
  });
  // What nginx and libuv do: the call that only learns that nothing is left is what separates the two.
  const short = { name: 'epoll-et shortRead', options: { shortRead: true } };
  const shortRead = side(engineSubject('epoll-et', 'http', short));
  const same = engineSubject('epoll-lt', 'http');
  const resp = loadClient('resp', settings);
  return [
    server('epoll-et costs no more than nginx', [model('epoll-et'), side(nginxSubject)], 1),
    server('epoll-et costs no more than libuv', [model('epoll-et'), side(libuvSubject())], 1),
    server('epoll-et that trusts a short read costs no more than nginx', [shortRead, side(nginxSubject)], 1),
    server('epoll-et that trusts a short read costs no more than libuv', [shortRead, side(libuvSubject())], 1),
    server('io_uring costs at least 10% less than epoll-lt', [model('io_uring'), model('epoll-lt')], 0.9),
    server('coroutine-stackless is within 10% of epoll-lt', [model('coroutine-stackless'), model('epoll-lt')], 1.1),
    server('coroutine-stackful is within 10% of epoll-lt', [model('coroutine-stackful'), model('epoll-lt')], 1.1),
    server('epoll-lt beside redis-server (resp PING)', [
      side(engineSubject('epoll-lt', 'resp'), resp),
      side(redisSubject, resp),
    ]),
    {
      title: 'the load engine costs no more than wrk',
      sides: [
        { name: 'fdscope load', subject: same, client: loadClient('http', settings) },
        { name: 'wrk', subject: same, client: wrkClient(settings) },
      ],
      of: clientCost,
      limit: 1,
    },
    server(
      'telemetry at `counters` costs at most 3%',
      [
        side(engineSubject('epoll-lt', 'http', { name: 'counters' })),
        side(engineSubject('epoll-lt', 'http', { name: 'bare', binary: bareEngine })),
      ],
      1.03,
    ),
  ];
}
