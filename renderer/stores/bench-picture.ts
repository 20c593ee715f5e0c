/** The sequence diagram of the bench as a file. */
import { sequenceOf } from '../../shared/sequence/from-steps.ts';
import type { SequenceView } from '../../shared/sequence/picture.ts';
import { sequenceSvg } from '../../shared/sequence/svg.ts';
import { paintSequence } from './sequence-canvas.ts';
import { download } from '../tracks/export.ts';
import { useBench } from './bench.ts';
import { useCatalogue } from './catalogue.ts';
import { useNotices } from './notices.ts';
import { useUi } from './ui.ts';

/** Pictures for print and slides are wanted sharper than a screen. */
const pngRatio = 2;

export function useBenchPicture(): { save: (format: 'svg' | 'png') => Promise<void> } {
  const bench = useBench();
  const catalogue = useCatalogue();
  const notices = useNotices();
  const ui = useUi();

  function view(): SequenceView {
    const { machine } = catalogue;
    const source = machine && `fdscope ${machine.fdscope}, Linux ${machine.kernel}, real system calls`;
    return {
      widthPx: Math.max(720, bench.lanes.length * 330),
      theme: ui.shownTheme,
      title: bench.walk?.walk.title ?? 'System calls, one at a time',
      ...(source !== undefined && { source }),
    };
  }

  async function save(format: 'svg' | 'png'): Promise<void> {
    const name = `fdscope-${bench.walk?.name ?? 'bench'}.${format}`;
    try {
      const sequence = sequenceOf(bench.steps, bench.lanes);
      if (format === 'svg') download(name, sequenceSvg(sequence, view()), 'image/svg+xml');
      else download(name, await pngOf(paintSequence(sequence, view(), pngRatio)), 'image/png');
    } catch (error) {
      notices.show('error', error instanceof Error ? error.message : String(error));
    }
  }
  return { save };
}

function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error('The browser could not write the picture: keep it as SVG.'));
      else resolve(blob);
    }, 'image/png');
  });
}
