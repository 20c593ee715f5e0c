import { describe, expect, it } from 'vitest';
import { citationOf, machineText } from '../../shared/citation.ts';

const machine = machineText({ cpus: 2, cpuModel: 'Some CPU_1 @ 3 GHz', kernel: '6.1.0' });

describe('how to cite a measurement', () => {
  const { sentence, bibtex } = citationOf({
    ...{ title: 'epoll-lt & 50% {of} $it #1 C:\\x ~y', what: 'run', wallMs: Date.UTC(2026, 10, 27, 14, 58, 23) },
    ...{ version: '0.1.0', machine, id: '3f2a' },
  });

  it('names what, when, by which version and on which machine', () => {
    expect(sentence).toBe(
      '“epoll-lt & 50% {of} $it #1 C:\\x ~y”, run, measured on 27 November 2026 with fdscope 0.1.0, session 3f2a (2 CPUs, Some CPU_1 @ 3 GHz, Linux 6.1.0; server and clients on one machine, over loopback).',
    );
  });

  it('is an entry of BibTeX whatever the title holds', () => {
    expect(bibtex).toContain('@misc{fdscope-20261127-145823,');
    expect(bibtex).toContain('{{epoll-lt \\& 50\\% \\{of\\} \\$it \\#1 C:\\textbackslash{}x \\textasciitilde{}y}}');
    expect(bibtex).toContain('CPU\\_1');
    expect(bibtex).toMatch(/month += nov,/);
    // Braces that are not escaped are in pairs, or the entry would swallow the next.
    const bare = bibtex.replaceAll(/\\[{}]/g, '');
    expect(bare.split('{').length).toBe(bare.split('}').length);
  });
});
