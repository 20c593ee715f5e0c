/**
 * The lines of an HdrHistogram log, format 1.3, which HistogramLogAnalyzer, hdr-plot and the like read. Histograms go
 * over to the bit: V2 encoding, packed by zlib, in base64. Readers that are told no tag take the lines without one: those
 * of the corrected clock, which is what a latency is. A reader that merges all lines without looking at tags would mix them.
 */
import { deflate, deflateSync } from 'node:zlib';
import { promisify } from 'node:util';
import type { LatencyKind } from '../../shared/telemetry/wire.ts';

const compress = promisify(deflate) as (bytes: Uint8Array) => Promise<Buffer>;

/** Of a compressed V2 histogram, as HdrHistogram defines it; then the length, and what zlib made of the V2 encoding. */
const compressedCookie = 0x1c849314;

function base64(packed: Buffer): string {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(compressedCookie, 0);
  head.writeUInt32BE(packed.length, 4);
  return Buffer.concat([head, packed]).toString('base64');
}

/** What the log is about, on its first line, and when its clock began. */
export const hlogHead = (about: string, startMs: number): string =>
  [
    `#[Latencies of ${about}, in ns; Interval_Max is in ms]`,
    '#[Without a tag: from the moment at which a request was meant to be sent. Tag uncorrected: at which it was]',
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${(startMs / 1000).toFixed(3)} (seconds since epoch), ${new Date(startMs).toUTCString()}]`,
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n',
  ].join('\n');

export interface HlogInterval {
  readonly kind: LatencyKind;
  /** Since the log's clock began. */
  readonly fromNs: number;
  readonly lengthNs: number;
  readonly maxNs: number;
  /** HdrHistogram V2, not compressed. */
  readonly encoded: Uint8Array;
}

function line({ kind, fromNs, lengthNs, maxNs }: HlogInterval, packed: Buffer): string {
  const seconds = [fromNs, lengthNs].map((ns) => (Math.max(0, ns) / 1e9).toFixed(3));
  const tag = kind === 'corrected' ? '' : `Tag=${kind},`;
  return `${tag}${seconds.join(',')},${(maxNs / 1e6).toFixed(3)},${base64(packed)}\n`;
}

export const hlogLine = async (interval: HlogInterval): Promise<string> =>
  line(interval, await compress(interval.encoded));

export const hlogLineNow = (interval: HlogInterval): string => line(interval, deflateSync(interval.encoded));
