/** highlight.js with the two languages that models are written in; in a chunk of its own. */
import cpp from 'highlight.js/lib/languages/cpp';
import typescript from 'highlight.js/lib/languages/typescript';
import { createLowlight } from 'lowlight';

export const lowlight = createLowlight({ cpp, typescript });
