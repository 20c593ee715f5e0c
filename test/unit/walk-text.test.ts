/** Walk files: read with their mistakes told by line and column, and expectations judged by a state. */
import { describe, expect, it } from 'vitest';
import { crossings } from '../../main/lab/bench/crossings.ts';
import { cText, pythonText } from '../../shared/bench/call-text.ts';
import { parseWalkExpectation } from '../../shared/bench/expectation.ts';
import type { BenchLook, SocketState } from '../../shared/bench/state.ts';
import type { BenchStep } from '../../shared/bench/step.ts';
import { parseWalk, walkJsonSchema } from '../../shared/bench/walk.ts';
import { ScenarioError } from '../../shared/schemas/yaml-text.ts';

const walk = (steps: string): string => `version: 1
title: A walk
question: Why?
steps:
${steps}`;

function mistakesOf(text: string): string[] {
  try {
    parseWalk(text, 'own.yaml');
    return [];
  } catch (error) {
    if (error instanceof ScenarioError) return error.message.split('\n');
    throw error;
  }
}

describe('a walk with a mistake', () => {
  it('names the line and column of a call that is not there', () => {
    const [mistake] = mistakesOf(walk('  - { actor: server, call: sokcet, arguments: {}, notice: x }\n'));
    expect(mistake).toMatch(/^own\.yaml:5:/);
    expect(mistake).toContain('socket');
  });

  it('of an actor, a descriptor and a name in an expectation that no step before has made', () => {
    const text = walk(`  - actor: sevrer
    call: listen
    arguments: { fd: guard, backlog: 1 }
    notice: x
    expect:
      - state(gard) == LISTEN
`);
    const mistakes = mistakesOf(text);
    expect(mistakes).toHaveLength(3);
    expect(mistakes[0]).toMatch(/^own\.yaml:5:12: There is no actor "sevrer"/);
    expect(mistakes[1]).toMatch(/^own\.yaml:7:22: No step before this one makes an fd called "guard"/);
    expect(mistakes[2]).toMatch(/^own\.yaml:10:9: .*names "gard"/);
  });

  it('of an argument that cannot be', () => {
    const text = walk('  - { actor: server, call: listen, arguments: { fd: 3, backlog: many }, notice: x }\n');
    expect(mistakesOf(text).join()).toMatch(/own\.yaml:5:\d+: .*backlog.*must be a number/);
  });

  it('has a schema for editors, with every call', () => {
    const schema = JSON.stringify(walkJsonSchema());
    for (const call of ['socket', 'epoll_ctl', 'io_uring_wait', 'wait']) expect(schema).toContain(`"${call}"`);
  });
});

const socket = (more: Partial<SocketState>): SocketState => ({
  ...{ key: 's1', inode: 1, owner: ['server:3'], family: 'inet', type: 'stream', state: 'ESTABLISHED' },
  ...{ local: { host: '127.0.0.1', port: 80 }, peer: { host: '127.0.0.1', port: 5000 } },
  ...{ recvQueue: 0, sendQueue: 0, acceptQueue: null, backlog: null, timer: null },
  ...more,
});
const client = (more: Partial<SocketState>): SocketState =>
  socket({ key: 's2', inode: 2, owner: ['client:3'], local: socket({}).peer, peer: socket({}).local, ...more });
const look = (...sockets: SocketState[]): BenchLook => ({
  ...{ timeNs: 1, processes: [], sockets, epollSets: [], notices: [] },
});
const step = (more: Partial<BenchStep>): BenchStep => ({
  ...{ index: 0, actor: 'server', process: 'server', call: 'read', arguments: {}, text: 'read(3)', result: 5 },
  ...{ errno: null, refused: false, blocked: false, startedNs: 0, durationNs: 1, woke: [], expectations: [] },
  ...{ crossed: [], state: look() },
  ...more,
});

describe('an expectation', () => {
  const names = { fds: new Set(['guard']), actors: new Set(['server']), processes: new Set(['server']) };
  const judge = (text: string, made: Partial<BenchStep>, ...sockets: SocketState[]): boolean =>
    parseWalkExpectation(text, names).judge({
      ...{ step: step(made), look: look(...sockets), steps: [step(made)] },
      ...{ socketKey: () => 's1', fdOf: () => ({ process: 'server', fd: 3 }) },
    }).held;

  it.each([
    ['result == 5 and errno == NONE', true],
    ['result > 5', false],
    ['state(guard) == ESTABLISHED', true],
    ['state(guard) != ESTABLISHED or not blocked', true],
    ['peerPort(guard) - port(guard) == 4920', true],
    ['sockets(ESTABLISHED) == 1 and nobodys(ESTABLISHED) == 0', true],
    ['returned(server) == 5', true],
  ])('%s is %s', (text, held) => {
    expect(judge(text, {}, socket({}))).toBe(held);
  });

  it('of a socket that is gone says NONE', () => {
    expect(judge('state(guard) == NONE', {})).toBe(true);
  });

  it.each([
    ['result ==', 'cannot be read'],
    ['reslut == 1', 'did you mean "result"'],
    ['state == LISTEN', 'write state(...)'],
    ['stat(guard) == LISTEN', 'did you mean "state"'],
    // What every object has is no word of this language.
    ['toString == 1', 'has the unknown word "toString"'],
    ['__proto__ == 1', 'has the unknown word "__proto__"'],
    ['hasOwnProperty(guard) == 1', 'asks for the unknown "hasOwnProperty"'],
    [`result == ${'('.repeat(99_000)}`, 'has at most 1000 characters, and this one has 99010'],
  ])('%s is told as a mistake', (text, sentence) => {
    expect(() => parseWalkExpectation(text, names)).toThrow(sentence);
  });
});

describe('what crossed is inferred from the states', () => {
  const flags = (before: BenchLook, after: BenchLook): string[] =>
    crossings(before, after, undefined).map(({ from, inferredFlags }) => `${from} ${inferredFlags.join()}`);
  const guard = socket({ key: 'g', inode: 9, state: 'LISTEN', peer: null });

  it.each<[string, BenchLook, BenchLook, string[]]>([
    ['a handshake', look(guard), look(guard, client({}), socket({})), ['s2 SYN,ACK', 's1 SYN+ACK']],
    ['a SYN without an answer', look(guard), look(guard, client({ state: 'SYN_SENT' })), ['s2 SYN']],
    [
      'a close',
      look(guard, client({}), socket({})),
      look(guard, client({ state: 'FIN_WAIT_2', owner: [] }), socket({ state: 'CLOSE_WAIT' })),
      ['s2 FIN'],
    ],
    [
      'the second close',
      look(guard, client({ state: 'FIN_WAIT_2', owner: [] }), socket({ state: 'CLOSE_WAIT' })),
      look(guard, client({ state: 'TIME_WAIT', owner: [] })),
      ['s1 FIN'],
    ],
    [
      'a reset by the one who closed',
      look(guard, client({}), socket({})),
      look(guard, socket({ state: 'CLOSE' })),
      ['s2 RST'],
    ],
    [
      'a reset in answer to a write to who has gone',
      look(guard, client({ state: 'FIN_WAIT_2', owner: [] }), socket({ state: 'CLOSE_WAIT' })),
      look(guard, socket({ state: 'CLOSE', peer: null })),
      ['s2 RST'],
    ],
  ])('%s', (_, before, after, told) => {
    expect(flags(before, after)).toEqual(told);
  });
});

describe('a call as a line', () => {
  it('of C and of Python', () => {
    const bind = { fd: 3, address: '127.0.0.1:8080' };
    expect(cText('bind', bind)).toBe('bind(3, 127.0.0.1:8080)');
    expect(pythonText('bind', bind)).toBe('s3.bind(("127.0.0.1", 8080))');
    expect(cText('write', { fd: 4, data: 'hello' })).toBe('write(4, "hello", 5)');
    expect(cText('poll', { fds: [{ fd: 3, events: ['POLLIN'] }] })).toBe('poll({{3, POLLIN}}, 1, -1)');
  });
});
