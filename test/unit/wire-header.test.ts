import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { snakeCase, wireHeader, type WireConstants } from '../../main/dev/generate-wire-header.ts';
import * as wire from '../../shared/telemetry/wire.ts';

const storedHeader = readFileSync(new URL('../../main/engine/telemetry/wire.gen.hpp', import.meta.url), 'utf8');

const smallWire: WireConstants = {
  wireVersion: 7,
  frameHeaderBytes: 8,
  maxPayloadBytes: 64,
  frameIntervalMs: 50,
  maxSteps: 2,
  frameKinds: { ready: 1, threadStarted: 4 },
  profileNumbers: { closed: 1 },
  profileDefaults: {
    closed: { rate: 1, thinkMs: 2, pipeline: 3, intervalMs: 4, chunkBytes: 5, receiveBufferBytes: 6 },
  },
  latencyKinds: { uncorrected: 0 },
  counterNames: ['bytesIn', 'errorFdLimit', 'errorOther'],
  gaugeNames: ['rssBytes'],
  syscallNames: ['read'],
  errorKinds: ['fdLimit', 'other'],
  detailLevels: ['counters'],
  fdRoles: ['client'],
  fdFlags: { read: 8 },
  shareNames: ['idle'],
  labThreadNames: ['telemetry'],
  threadStates: ['running'],
  switchKinds: ['in'],
  eventKinds: { syscall: 1 },
  readinessBits: { readable: 1 },
  awaits: ['read'],
  recordBytes: { switch: 16 },
  noSyscall: 65_535,
  noFd: -1,
};

describe('the C++ header of the wire constants', () => {
  it('is what `npm run wire` writes today', () => {
    expect(storedHeader, 'shared/telemetry/wire.ts changed: run `npm run wire`').toBe(wireHeader());
  });

  it('names every constant of the TypeScript side', () => {
    const names = [...Object.keys(wire.frameKinds), ...Object.keys(wire.latencyKinds), ...wire.counterNames];
    for (const name of [...names, ...wire.gaugeNames, ...wire.syscallNames, ...wire.errorKinds]) {
      expect(storedHeader).toMatch(new RegExp(`^ +${snakeCase(name)} = \\d+,$`, 'm'));
    }
    expect(storedHeader).toContain(`max_payload_bytes = ${wire.maxPayloadBytes};`);
  });

  it('follows a changed constant', () => {
    const header = wireHeader(smallWire);
    expect(header).toContain('version = 7;');
    expect(header).toContain('thread_started = 4,');
    expect(header).toContain('counter_count = 3;');
    expect(header).toContain('case ErrorKind::fd_limit: return Counter::error_fd_limit;');
    expect(header).not.toBe(wireHeader());
  });

  it('refuses an error kind that no counter adds up', () => {
    expect(() => wireHeader({ ...smallWire, errorKinds: ['refused'] })).toThrow('no counter errorRefused');
  });

  it('refuses two constants with one name or one value', () => {
    expect(() => wireHeader({ ...smallWire, syscallNames: ['read', 'read'] })).toThrow('same name');
    expect(() => wireHeader({ ...smallWire, frameKinds: { ready: 1, mark: 1 } })).toThrow('same value');
  });
});
