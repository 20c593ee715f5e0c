/** highlight.js with the languages of models and of scenario files; in a chunk of its own. */
import cpp from 'highlight.js/lib/languages/cpp';
import typescript from 'highlight.js/lib/languages/typescript';
import yaml from 'highlight.js/lib/languages/yaml';
import { createLowlight } from 'lowlight';

export const lowlight = createLowlight({ cpp, typescript, yaml });
