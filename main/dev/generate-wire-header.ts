/**
 * The C++ side of the wire constants, written from shared/telemetry/wire.ts.
 *
 * `npm run wire` stores the text as main/engine/telemetry/wire.gen.hpp, and test/unit/wire-header.test.ts
 * compares the stored file with what this module makes, so that the two languages cannot drift apart.
 */
import {
  awaits,
  counterNames,
  detailLevels,
  errorKinds,
  eventKinds,
  fdFlags,
  fdRoles,
  frameHeaderBytes,
  frameIntervalMs,
  frameKinds,
  gaugeNames,
  labThreadNames,
  latencyKinds,
  maxPayloadBytes,
  maxSteps,
  noFd,
  noSyscall,
  profileNumbers,
  profileDefaults,
  type ProfileDefaults,
  readinessBits,
  recordBytes,
  shareNames,
  switchKinds,
  syscallNames,
  threadStates,
  wireVersion,
} from '../../shared/telemetry/wire.ts';

/** Everything the header is made of; the default is the real wire format, a test may pass another. */
export interface WireConstants {
  readonly wireVersion: number;
  readonly frameHeaderBytes: number;
  readonly maxPayloadBytes: number;
  readonly frameIntervalMs: number;
  readonly maxSteps: number;
  readonly frameKinds: Readonly<Record<string, number>>;
  readonly latencyKinds: Readonly<Record<string, number>>;
  readonly profileNumbers: Readonly<Record<string, number>>;
  readonly profileDefaults: Readonly<Record<string, ProfileDefaults>>;
  readonly counterNames: readonly string[];
  readonly gaugeNames: readonly string[];
  readonly syscallNames: readonly string[];
  readonly errorKinds: readonly string[];
  readonly detailLevels: readonly string[];
  readonly fdRoles: readonly string[];
  readonly fdFlags: Readonly<Record<string, number>>;
  readonly shareNames: readonly string[];
  readonly labThreadNames: readonly string[];
  readonly threadStates: readonly string[];
  readonly switchKinds: readonly string[];
  readonly eventKinds: Readonly<Record<string, number>>;
  readonly readinessBits: Readonly<Record<string, number>>;
  readonly awaits: readonly string[];
  readonly recordBytes: Readonly<Record<string, number>>;
  readonly noSyscall: number;
  readonly noFd: number;
}

const realWire: WireConstants = {
  wireVersion,
  frameHeaderBytes,
  maxPayloadBytes,
  frameIntervalMs,
  maxSteps,
  frameKinds,
  latencyKinds,
  profileNumbers,
  profileDefaults,
  counterNames,
  gaugeNames,
  syscallNames,
  errorKinds,
  detailLevels,
  fdRoles,
  fdFlags,
  shareNames,
  labThreadNames,
  threadStates,
  switchKinds,
  eventKinds,
  readinessBits,
  awaits,
  recordBytes,
  noSyscall,
  noFd,
};

/** `bytesIn` to `bytes_in`; names that are already snake_case, such as system calls, stay as they are. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** snakeCase, and a trailing underscore where C++ has the word for itself. */
const identifier = (name: string): string => (['switch'].includes(name) ? `${name}_` : snakeCase(name));

type Entry = readonly [name: string, value: number];

const numbered = (names: readonly string[]): Entry[] => names.map((name, index) => [name, index]);

function enumClass(name: string, type: string, comment: string, entries: readonly Entry[]): string {
  const identifiers = entries.map(([entry]) => snakeCase(entry));
  const values = entries.map(([, value]) => value);
  if (new Set(identifiers).size !== identifiers.length) throw new Error(`${name} has the same name twice`);
  if (new Set(values).size !== values.length) throw new Error(`${name} has the same value twice`);
  const lines = entries.map(([, value], index) => `  ${identifiers[index] ?? ''} = ${String(value)},`);
  return `/// ${comment}\nenum class ${name} : ${type} {\n${lines.join('\n')}\n};`;
}

function names(prefix: string, comment: string, list: readonly string[]): string {
  const lines = list.map((name) => `  "${name}",`);
  return [
    `inline constexpr std::size_t ${prefix}_count = ${String(list.length)};`,
    `/// ${comment}`,
    `inline constexpr std::array<const char*, ${prefix}_count> ${prefix}_names = {`,
    ...lines,
    '};',
  ].join('\n');
}

/** Names in a namespace of their own, for values that are combined or computed with. */
function constants(name: string, type: string, comment: string, entries: readonly Entry[]): string {
  const lines = entries.map(([entry, value]) => `inline constexpr ${type} ${identifier(entry)} = ${String(value)};`);
  return `/// ${comment}\nnamespace ${name} {\n${lines.join('\n')}\n}  // namespace ${name}`;
}

function counterOf(wire: WireConstants): string {
  const cases = wire.errorKinds.map((kind) => {
    const counter = `error${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
    if (!wire.counterNames.includes(counter)) throw new Error(`error kind ${kind} has no counter ${counter}`);
    return `    case ErrorKind::${snakeCase(kind)}: return Counter::${snakeCase(counter)};`;
  });
  return [
    '/// The counter in which errors of this kind are added up.',
    'constexpr Counter counter_of(ErrorKind kind) noexcept {',
    '  switch (kind) {',
    ...cases,
    '  }',
    '  // A value outside the enum: counting it beats losing it.',
    '  return Counter::error_other;',
    '}',
  ].join('\n');
}

function defaultsOf(wire: WireConstants): string {
  const profiles = Object.keys(wire.profileNumbers);
  const [first] = profiles.map((profile) => wire.profileDefaults[profile]);
  if (first === undefined) throw new Error('there are no profiles');
  const keys = Object.keys(first) as (keyof ProfileDefaults)[];
  const rows = profiles.map((profile) => {
    const values = wire.profileDefaults[profile];
    if (values === undefined) throw new Error(`profile ${profile} has no defaults`);
    return `  {${keys.map((key) => String(values[key])).join(', ')}},  // ${snakeCase(profile)}`;
  });
  return [
    '/// What clients do where they are not told otherwise.',
    `struct ProfileDefaults {\n${keys.map((key) => `  std::uint32_t ${snakeCase(key)};`).join('\n')}\n};`,
    '/// By profile, in the order of their numbers, from 1 on.',
    `inline constexpr std::array<ProfileDefaults, ${String(rows.length)}> profile_defaults = {{\n${rows.join('\n')}\n}};`,
  ].join('\n');
}

/** The text of main/engine/telemetry/wire.gen.hpp. Throws where the constants contradict each other. */
export function wireHeader(wire: WireConstants = realWire): string {
  const parts = [
    '// Written by `npm run wire` from shared/telemetry/wire.ts. Do not edit: change that file and run it again.\n' +
      '// clang-format off',
    '#pragma once',
    '#include <array>\n#include <cstddef>\n#include <cstdint>',
    'namespace fdscope::wire {',
    [
      `inline constexpr std::uint16_t version = ${String(wire.wireVersion)};`,
      '/// Bytes before every payload: u32 payload length, u16 kind, u16 version, little-endian.',
      `inline constexpr std::size_t frame_header_bytes = ${String(wire.frameHeaderBytes)};`,
      `inline constexpr std::size_t max_payload_bytes = ${String(wire.maxPayloadBytes)};`,
      `inline constexpr unsigned frame_interval_ms = ${String(wire.frameIntervalMs)};`,
      '/// Most step markers over all models.',
      `inline constexpr std::size_t max_steps = ${String(wire.maxSteps)};`,
    ].join('\n'),
    enumClass('FrameKind', 'std::uint16_t', 'Kinds of frame.', Object.entries(wire.frameKinds)),
    enumClass('Counter', 'std::uint16_t', 'Counters of each thread; they add up.', numbered(wire.counterNames)),
    names('counter', 'As the TypeScript side and `--json` spell them.', wire.counterNames),
    enumClass('Gauge', 'std::uint16_t', 'States of the process; they do not add up.', numbered(wire.gaugeNames)),
    names('gauge', 'As the TypeScript side spells them.', wire.gaugeNames),
    enumClass('Syscall', 'std::uint16_t', 'System calls of the traced wrappers.', numbered(wire.syscallNames)),
    names('syscall', 'As strace names them on x86-64.', wire.syscallNames),
    enumClass('ErrorKind', 'std::uint8_t', 'What went wrong.', numbered(wire.errorKinds)),
    names('error', 'As the TypeScript side and `--json` spell them.', wire.errorKinds),
    counterOf(wire),
    enumClass(
      'LatencyKind',
      'std::uint8_t',
      'The moment a latency was measured from.',
      Object.entries(wire.latencyKinds),
    ),
    enumClass(
      'ProfileNumber',
      'std::uint8_t',
      'Whose latencies a histogram has; 0 is everybody.',
      Object.entries(wire.profileNumbers),
    ),
    defaultsOf(wire),
    enumClass('DetailLevel', 'std::uint8_t', 'How much is recorded.', numbered(wire.detailLevels)),
    names('detail_level', 'As commands spell them.', wire.detailLevels),
    enumClass('FdRole', 'std::uint8_t', 'What a socket is to its server.', numbered(wire.fdRoles)),
    constants('fd_flag', 'std::uint16_t', "Bits of an fd's record.", Object.entries(wire.fdFlags)),
    enumClass('Share', 'std::uint8_t', 'What a socket can be in.', numbered(wire.shareNames)),
    `inline constexpr std::size_t share_count = ${String(wire.shareNames.length)};`,
    names('lab_thread', "Threads that are the lab's own.", wire.labThreadNames),
    enumClass('ThreadState', 'std::uint8_t', 'What a thread does.', numbered(wire.threadStates)),
    enumClass('SwitchKind', 'std::uint8_t', 'Context switches of a thread.', numbered(wire.switchKinds)),
    enumClass('EventKind', 'std::uint16_t', 'What an event record tells.', Object.entries(wire.eventKinds)),
    constants('readiness', 'std::uint16_t', 'Bits of a readiness report.', Object.entries(wire.readinessBits)),
    enumClass('Await', 'std::uint16_t', 'What a coroutine waits for when it yields.', numbered(wire.awaits)),
    constants('record_bytes', 'std::size_t', 'Bytes of one record.', Object.entries(wire.recordBytes)),
    [
      '/// Where no system call, or no fd, belongs to a record.',
      `inline constexpr std::uint16_t no_syscall = ${String(wire.noSyscall)};`,
      `inline constexpr std::int32_t no_fd = ${String(wire.noFd)};`,
    ].join('\n'),
    '}  // namespace fdscope::wire',
  ];
  return `${parts.join('\n\n')}\n`;
}
