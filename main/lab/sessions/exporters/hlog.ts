/** An HdrHistogram log: a line an interval and clock, with the histograms as the clients recorded them. */
import type { LatencyKind } from '../../../../shared/telemetry/wire.ts';
import { hlogHead, hlogLine } from '../../hlog-lines.ts';
import type { Exporter } from './exporter.ts';

export const hlog: Exporter = {
  format: 'hlog',
  about: 'latencies as an HdrHistogram log',
  extension: '.hlog',
  shape: () => 'file',
  async write(reader, output) {
    const { manifest, startedNs } = reader.session;
    const file = await output.create('latency.hlog');
    await file.write(hlogHead(`the fdscope session ${JSON.stringify(manifest.name)}`, manifest.started.wallMs));
    const lastNs = new Map<LatencyKind, number>();
    for await (const batch of reader.batches(['latency'])) {
      for (const decoded of batch) {
        if (decoded.type !== 'latency') continue;
        const { kind, timeNs, encoded, buckets } = decoded.frame;
        const beganNs = lastNs.get(kind) ?? startedNs;
        lastNs.set(kind, timeNs);
        const maxNs = buckets.at(-1)?.toNs ?? 0;
        await file.write(
          await hlogLine({ kind, fromNs: beganNs - startedNs, lengthNs: timeNs - beganNs, maxNs, encoded }),
        );
      }
    }
  },
};
