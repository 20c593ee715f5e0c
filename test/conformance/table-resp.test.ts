/** The table under the protocol resp: a file of its own, so that the three run side by side. */
import { describeTable } from './table.ts';

describeTable('resp');
