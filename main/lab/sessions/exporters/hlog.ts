/** An HdrHistogram log: a line an interval and clock, with the histograms as the clients recorded them. */
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
    // Clients of each profile have lines of their own over the same interval, which add up to everybody's.
    const lastNs = new Map<string, number>();
    for await (const batch of reader.batches(['latency'])) {
      for (const decoded of batch) {
        if (decoded.type !== 'latency') continue;
        const { kind, profile = '', timeNs, encoded, buckets } = decoded.frame;
        const whose = `${kind} ${profile}`;
        const beganNs = lastNs.get(whose) ?? startedNs;
        lastNs.set(whose, timeNs);
        const maxNs = buckets.at(-1)?.toNs ?? 0;
        await file.write(
          await hlogLine({ kind, fromNs: beganNs - startedNs, lengthNs: timeNs - beganNs, maxNs, encoded }),
        );
      }
    }
  },
};
