/** The words of the field. */
import { z } from 'zod';
import { listedTermSchema } from '../glossary.ts';
import { nothing } from './channels.ts';

export const glossaryRequests = {
  /** All terms, in the order of their topics. */
  'glossary.list': { params: nothing, result: z.array(listedTermSchema) },
} as const;
