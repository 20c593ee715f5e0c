/** The bytes of trace packets against those that the protobuf library writes of the same fields. */
import { describe, expect, it } from 'vitest';
import { PacketWriter } from '../../main/lab/sessions/exporters/perfetto-packets.ts';
import { internedType, traceType } from '../../main/lab/sessions/exporters/perfetto-schema.ts';

const sequence = 1;
const flags = 2;

interface Event {
  readonly atNs: number;
  readonly type: number;
  readonly track: number;
  readonly nameId?: number;
  readonly name?: string;
  readonly category?: number;
  readonly annotations?: readonly (readonly [number | undefined, number | string])[];
  readonly counter?: number;
  readonly interned?: object;
}

const write = (writer: PacketWriter, event: Event): void => {
  writer.begin(event.atNs);
  if (event.category !== undefined) writer.category(event.category);
  for (const [id, value] of event.annotations ?? []) writer.annotation(id, value);
  writer.event(event.type, event.nameId, event.track);
  if (event.name !== undefined) writer.name(event.name);
  if (event.counter !== undefined) writer.counter(event.counter);
  writer.end(event.interned && internedType.encode(event.interned).finish());
};

const byLibrary = (events: readonly Event[]): Uint8Array =>
  traceType
    .encode({
      packet: events.map(({ atNs, type, track, nameId, name, category, annotations, counter, interned }) => ({
        timestamp: Math.round(atNs),
        trusted_packet_sequence_id: sequence,
        sequence_flags: flags,
        interned_data: interned,
        track_event: {
          ...{ type, track_uuid: track, name_iid: nameId, name, counter_value: counter },
          category_iids: category === undefined ? undefined : [category],
          debug_annotations: annotations?.map(([id, value]) => ({
            name_iid: id,
            int_value: typeof value === 'number' ? value : undefined,
            string_value: typeof value === 'string' ? value : undefined,
          })),
        },
      })),
    })
    .finish();

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const numbers = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35 - 1, 2 ** 52 + 3, 2 ** 53 - 1];
const text = (bytes: number): string => 'ä'.repeat(bytes / 2);

describe('a packet with a track event', () => {
  const cases: [string, Event][] = [
    ...numbers.map((n): [string, Event] => [`at ${n} ns`, { atNs: n, type: 2, track: 1 }]),
    ...numbers.map((n): [string, Event] => [`of track ${n}`, { atNs: 5, type: 1, track: n, nameId: 3 }]),
    ...[...numbers, -1, -11, -(2 ** 31), -(2 ** 53 - 1)].map((n): [string, Event] => [
      `with the value ${n}`,
      { atNs: 5, type: 4, track: 1, counter: n, annotations: [[1, n]] },
    ]),
    // The lengths of the event, of the packet and of the annotation pass one, two and three bytes.
    ...[2, 90, 100, 110, 120, 126, 128, 200, 16_300, 16_384, 70_000, 600_000].map((n): [string, Event] => [
      `with a text of ${n} bytes`,
      { atNs: 5, type: 3, track: 1, category: 2, name: text(n), annotations: [[undefined, text(n)]] },
    ]),
    [
      'that brings new names',
      { atNs: 5, type: 1, track: 1, nameId: 1, interned: { event_names: [{ iid: 1, name: text(300) }] } },
    ],
  ];

  it.each(cases)('%s is what the library writes', (_, event) => {
    const writer = new PacketWriter(sequence, flags);
    write(writer, event);
    expect(hex(writer.take())).toBe(hex(byLibrary([event])));
  });

  it('stands behind others, also where the bytes outgrow their room, and is taken once', () => {
    const events = Array.from({ length: 20_000 }, (_, i) => ({ atNs: 1e15 + i, type: 2, track: i }));
    const writer = new PacketWriter(sequence, flags);
    for (const event of events) write(writer, event);
    expect(Buffer.compare(writer.take(), byLibrary(events))).toBe(0);
    expect(writer.take()).toHaveLength(0);
  });
});
