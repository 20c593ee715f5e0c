/**
 * An HdrHistogram log, format 1.3: a line an interval and clock, for HistogramLogAnalyzer, hdr-plot and the like.
 *
 * The histograms go over as the clients recorded them, to the bit: V2 encoding, packed by zlib, in base64. Readers that
 * are told no tag take the lines without one: those of the corrected clock, which is what a latency is. The others have
 * the tag `uncorrected`; a reader that merges all lines without looking at tags would mix them.
 */
import { deflate } from 'node:zlib';
import { promisify } from 'node:util';
import type { LatencyKind } from '../../../../shared/telemetry/wire.ts';
import type { Exporter } from './exporter.ts';

const compress = promisify(deflate) as (bytes: Uint8Array) => Promise<Buffer>;

/** Of a compressed V2 histogram, as HdrHistogram defines it; then the length, and what zlib made of the V2 encoding. */
const compressedCookie = 0x1c849314;

async function base64(encoded: Uint8Array): Promise<string> {
  const packed = await compress(encoded);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(compressedCookie, 0);
  head.writeUInt32BE(packed.length, 4);
  return Buffer.concat([head, packed]).toString('base64');
}

export const hlog: Exporter = {
  format: 'hlog',
  about: 'latencies as an HdrHistogram log',
  extension: '.hlog',
  shape: () => 'file',
  async write(reader, output) {
    const { manifest, startedNs } = reader.session;
    const file = await output.create('latency.hlog');
    const startMs = manifest.started.wallMs;
    await file.write(
      [
        `#[Latencies of the fdscope session ${JSON.stringify(manifest.name)}, in ns; Interval_Max is in ms]`,
        '#[Without a tag: from the moment at which a request was meant to be sent. Tag uncorrected: at which it was]',
        '#[Histogram log format version 1.3]',
        `#[StartTime: ${(startMs / 1000).toFixed(3)} (seconds since epoch), ${new Date(startMs).toUTCString()}]`,
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n',
      ].join('\n'),
    );
    const lastNs = new Map<LatencyKind, number>();
    for await (const batch of reader.batches(['latency'])) {
      for (const decoded of batch) {
        if (decoded.type !== 'latency') continue;
        const { kind, timeNs, encoded, buckets } = decoded.frame;
        const fromNs = lastNs.get(kind) ?? startedNs;
        lastNs.set(kind, timeNs);
        const seconds = [fromNs - startedNs, timeNs - fromNs].map((ns) => (Math.max(0, ns) / 1e9).toFixed(3));
        const maxMs = ((buckets.at(-1)?.toNs ?? 0) / 1e6).toFixed(3);
        const tag = kind === 'corrected' ? '' : `Tag=${kind},`;
        await file.write(`${tag}${seconds.join(',')},${maxMs},${await base64(encoded)}\n`);
      }
    }
  },
};
