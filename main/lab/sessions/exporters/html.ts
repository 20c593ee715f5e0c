/** A session as one HTML report: charts as SVG, tables, machine, scenario. */
import { page } from '../../report/page.ts';
import type { Exporter } from './exporter.ts';
import { readFigures } from './html-figures.ts';
import { reportBody } from './html-report.ts';
import { shareClasses, shareStyle } from './html-shares.ts';

export const html: Exporter = {
  format: 'html',
  about: 'a report in one file, which opens without a network',
  extension: '.html',
  shape: () => 'file',
  async write(reader, output) {
    const { session } = reader;
    const { manifest, annotations, wasClosedWell } = session;
    const overview = await session.overview();
    const figures = await readFigures(reader, overview);
    const file = await output.create('report.html');
    const body = reportBody({ manifest, annotations, overview, figures, wasClosedWell });
    const look = { light: shareStyle('light'), dark: shareStyle('dark'), rules: shareClasses };
    await file.write(page(manifest.name, body, look));
  },
};
