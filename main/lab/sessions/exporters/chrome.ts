/**
 * Chrome's trace event format, JSON: for chrome://tracing, Perfetto, Speedscope and whatever reads it.
 *
 * Times are µs since the session's start, with ns behind the point. The format knows processes and threads alone, so
 * sockets, coroutines and the states of threads are threads with numbers that no kernel gives out.
 */
import type { Exporter } from './exporter.ts';
import type { Instant, Slice, TraceSink, TrackId, TrackSpec } from './trace-sink.ts';
import { walkTrace } from './trace-walk.ts';

/** Above the highest thread id that Linux can be told to give out, 2^22. */
const firstLaneTid = 10_000_000;
/** Of what belongs to no process, such as markers. */
const noPid = 0;

interface ChromeTrack {
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
}

class ChromeSink implements TraceSink {
  readonly #startedNs: number;
  readonly #tracks = new Map<TrackId, ChromeTrack>();
  #nextTrack = 1;
  #isFirst = true;
  #text = '';

  constructor(startedNs: number) {
    this.#startedNs = startedNs;
  }

  /** The events so far, with the comma before them where others were taken. */
  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  track({ kind, name, pid = noPid, tid }: TrackSpec): TrackId {
    const id = this.#nextTrack++;
    const track = { pid, tid: kind === 'process' ? pid : (tid ?? firstLaneTid + id), name };
    this.#tracks.set(id, track);
    if (kind === 'process') this.#metadata('process_name', track);
    else if (kind !== 'counter') this.#metadata('thread_name', track);
    return id;
  }

  forget(track: TrackId): void {
    this.#tracks.delete(track);
  }

  slice({ track, fromNs, toNs, name, category, args }: Slice): void {
    const dur = microseconds(toNs - fromNs);
    this.#put(track, `"ph":"X","ts":${this.#at(fromNs)},"dur":${dur},${named(name, category, args)}`);
  }

  begin({ track, fromNs, name, category, args }: Omit<Slice, 'toNs'>): void {
    this.#put(track, `"ph":"B","ts":${this.#at(fromNs)},${named(name, category, args)}`);
  }

  end(track: TrackId, atNs: number): void {
    this.#put(track, `"ph":"E","ts":${this.#at(atNs)}`);
  }

  instant({ track, atNs, name, category, args }: Instant): void {
    // A mark on the whole trace, or one on a thread.
    const scope = this.#tracks.get(track)?.pid === noPid ? 'g' : 't';
    this.#put(track, `"ph":"i","s":"${scope}","ts":${this.#at(atNs)},${named(name, category, args)}`);
  }

  counter(track: TrackId, atNs: number, value: number): void {
    const name = this.#tracks.get(track)?.name ?? '';
    this.#put(track, `"ph":"C","ts":${this.#at(atNs)},"name":${JSON.stringify(name)},"args":{"value":${value}}`);
  }

  #metadata(what: string, { pid, tid, name }: ChromeTrack): void {
    this.#write(`"ph":"M","pid":${pid},"tid":${tid},"name":"${what}","args":{"name":${JSON.stringify(name)}}`);
  }

  #put(id: TrackId, fields: string): void {
    const track = this.#tracks.get(id);
    if (!track) throw new Error('A trace event came on a track that has ended.');
    this.#write(`"pid":${track.pid},"tid":${track.tid},${fields}`);
  }

  #write(fields: string): void {
    this.#text += `${this.#isFirst ? '' : ',\n'}{${fields}}`;
    this.#isFirst = false;
  }

  #at = (timeNs: number): string => microseconds(timeNs - this.#startedNs);
}

/** Written from whole ns: a sum of floating-point µs would shift a slice out of the one that holds it. */
function microseconds(ns: number): string {
  const whole = Math.round(Math.abs(ns));
  const sign = ns < 0 ? '-' : '';
  return `${sign}${Math.floor(whole / 1000)}.${String(whole % 1000).padStart(3, '0')}`;
}

function named(name: string, category: string, args: Slice['args']): string {
  const head = `"name":${JSON.stringify(name)},"cat":${JSON.stringify(category)}`;
  return args ? `${head},"args":${JSON.stringify(args)}` : head;
}

export const chrome: Exporter = {
  format: 'chrome',
  about: 'trace event JSON, for chrome://tracing, Speedscope and the like',
  extension: '.trace.json',
  shape: () => 'file',
  async write(reader, output) {
    const { startedNs, manifest } = reader.session;
    const file = await output.create('trace.json');
    const sink = new ChromeSink(startedNs);
    const about = {
      session: manifest.name,
      recorded: new Date(manifest.started.wallMs).toISOString(),
      machine: manifest.machine,
    };
    await file.write(`{"displayTimeUnit":"ns","otherData":${JSON.stringify(about)},"traceEvents":[\n`);
    await walkTrace(reader, sink, () => file.write(sink.take()));
    await file.write('\n]}\n');
  },
};
