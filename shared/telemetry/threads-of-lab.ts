/** Which of a server's threads are the lab's own: they are in the process, and serve nobody. */
import { externalId } from '../catalogue.ts';
import { labThreadNames } from './wire.ts';

/** `lingering` ends connections whose clients never close their side, in every model alike. */
const names: ReadonlySet<string> = new Set([...labThreadNames, 'lingering']);

/** `model` is what serves: of a program that is watched from outside no thread is ours, whatever its name. */
export const isLabThread = (name: string, model?: string): boolean => model !== externalId && names.has(name);
