/** The bench's store: steps that are told, told anew, and told twice; and the diagram that grows with them. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { BenchStep } from '../../../shared/bench/step.ts';
import { sequenceOf, SequenceMaker } from '../../../shared/sequence/from-steps.ts';
import { layOutSequence } from '../../../shared/sequence/layout.ts';
import { suggest } from '../../../renderer/stores/bench-suggest.ts';
import { useBench } from '../../../renderer/stores/bench.ts';
import { benchState, crowd, sixSteps, step, wakingWrite } from './bench-steps.ts';
import type { LabDouble } from './lab-double.ts';
import { joined } from './scope-tools.ts';

describe('steps of the bench', () => {
  let double: LabDouble;
  beforeEach(async () => {
    ({ double } = await joined());
    double.answers['bench.state'] = () => benchState();
    double.answers['bench.steps'] = () => sixSteps();
    double.answers['walks.list'] = () => [];
    await useBench().connect(double);
  });
  const told = (each: BenchStep): void => double.tell('bench.step', { epoch: 1, step: each });

  it('stand in their order, the one that slept as it was told last', () => {
    const bench = useBench();
    expect(bench.steps.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const [write, read] = wakingWrite();
    told(write);
    told(read);
    expect(bench.steps.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(bench.steps[6]).toMatchObject({ blocked: false, wokenBy: 7, result: 5 });
    expect(bench.shown?.index).toBe(7);
  });

  it('that say the same again change nothing; with expectations that were judged since they are others', () => {
    const bench = useBench();
    const [write] = wakingWrite();
    told(write);
    const before = bench.steps;
    told(structuredClone(write));
    expect(bench.steps).toBe(before);
    const judged = { ...write, expectations: [{ expect: 'result = 5', held: true, seen: ['result = 5'] }] };
    told(judged);
    expect(bench.steps).not.toBe(before);
    expect(bench.steps[7]?.expectations).toHaveLength(1);
  });

  it('are made one after the other; one that is asked for meanwhile waits, and no third', async () => {
    const bench = useBench();
    const [write] = wakingWrite();
    const answers: ((step: BenchStep) => void)[] = [];
    double.answers['bench.next'] = () => new Promise((resolve) => answers.push(resolve));
    const made = [bench.next(), bench.next(), bench.next()];
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    expect(bench.isBusy).toBe(true);
    expect(bench.isWaiting).toBe(false);
    // Only what takes long is shown as going on.
    await vi.waitFor(() => expect(bench.isWaiting).toBe(true));
    answers[0]?.(write);
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.({ ...write, index: 8 });
    expect((await Promise.all(made)).map((step) => step?.index)).toEqual([7, 8, undefined]);
    expect([bench.isBusy, bench.isWaiting]).toEqual([false, false]);
    expect(bench.steps.map(({ index }) => index).slice(-2)).toEqual([7, 8]);
  });

  it('of another bench are nobody’s', () => {
    const bench = useBench();
    const before = bench.steps;
    double.tell('bench.step', { epoch: 7, step: step(7, 'client', 'write', {}) });
    expect(bench.steps).toBe(before);
  });

  it('keep the objects of sockets that nothing happened to', () => {
    const bench = useBench();
    const sockets = bench.look?.sockets ?? [];
    const [write] = wakingWrite();
    told(write);
    expect(bench.look?.sockets).toHaveLength(sockets.length);
    for (const [i, socket] of sockets.entries()) expect(bench.look?.sockets[i]).toBe(socket);
  });
});

describe('a diagram that grows', () => {
  const actors = [
    { name: 'server', process: 'server' },
    { name: 'client', process: 'client' },
  ];

  it('is at each step the one that is made from all steps at once', () => {
    const [write, read] = wakingWrite();
    const first = sixSteps();
    const timer = step(8, 'server', 'poll', { blocked: true, durationNs: null, result: null });
    const told = [...first.map((each, i) => [...first.slice(0, i), each])];
    // The read is woken, its step another one from then on; and a poll that time wakes.
    const woken = [...first.slice(0, 6), read, write];
    told.push(woken, [...woken, timer]);
    const { blocked: _, ...rest } = timer;
    const over = { ...rest, blocked: false, result: 0, durationNs: 1000, wokenBy: 'time' as const };
    told.push([...woken, over]);
    const later = step(9, 'client', 'close', { startedNs: over.startedNs + 5000 });
    told.push([...woken, over, later], first.slice(0, 3));
    const maker = new SequenceMaker();
    for (const steps of told) {
      const grown = maker.of(steps, actors);
      const whole = sequenceOf(steps, actors);
      expect(grown).toEqual(whole);
      expect(layOutSequence(grown, 640)).toEqual(layOutSequence(structuredClone(whole), 640));
      expect(layOutSequence(grown, 900)).toEqual(layOutSequence(structuredClone(whole), 900));
    }
    const kinds = maker.of([...woken, over, later], actors).entries.map(({ kind, step: of }) => `${kind} ${of}`);
    expect(kinds.indexOf('wake 8')).toBeLessThan(kinds.indexOf('call 9'));
  });

  it('is begun anew with other actors', () => {
    const maker = new SequenceMaker();
    const steps = sixSteps();
    maker.of(steps, actors);
    const three = [...actors, { name: 'child', process: 'child' }];
    expect(maker.of(steps, three)).toEqual(sequenceOf(steps, three));
  });
});

describe('calls that make sense next', () => {
  it('know what was done last with each of many descriptors', () => {
    const look = crowd(100);
    const port = 8080;
    const first = (steps: BenchStep[]): unknown => suggest({ actor: 'server', look, steps, port })[0];
    const written = step(0, 'server', 'write', { arguments: { fd: 103, data: 'welcome' } });
    expect(first([])).toMatchObject({ call: 'read', arguments: { fd: 103 } });
    expect(first([written])).toMatchObject({ call: 'close', arguments: { fd: 103 } });
    const read = step(1, 'server', 'read', { arguments: { fd: 103, count: 100 } });
    expect(first([written, read])).toMatchObject({ call: 'write', arguments: { fd: 103 } });
    // What the other did with a descriptor of the same number is its own.
    expect(first([{ ...written, actor: 'client' }])).toMatchObject({ call: 'read', arguments: { fd: 103 } });
  });
});
